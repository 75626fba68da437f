// Serves a Tidemark Worker, or any `fetch` function, by `@hono/node-server` on a real socket.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import type { WrittenConfig } from "../../src/config/written.ts";
import { inProcess } from "../../src/node-stores.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { upstash } from "../../src/upstash.ts";
import { createWorker } from "../../src/worker.ts";

export const context = {
  waitUntil: () => undefined,
  passThroughOnException: () => undefined,
  props: {},
};

export interface NodeSite {
  readonly url: string;
  stop(): Promise<void>;
}

/** @param hostname the listening address; `::` also accepts IPv4 clients, as mapped addresses */
export async function serveOnNode(
  fetch: Parameters<typeof serve>[0]["fetch"],
  hostname = "127.0.0.1",
): Promise<NodeSite> {
  const server = serve({ fetch, port: 0, hostname });
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      (server as { closeAllConnections?: () => void }).closeAllConnections?.();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Serves a Worker in front of the origin that `env` names. */
export async function startNodeSite(
  config: WrittenConfig,
  env: Readonly<Record<string, unknown>>,
  hostname?: string,
): Promise<NodeSite> {
  const stores = { ...upstash(), fetch: inProcess().fetch };
  const worker = createWorker(defineConfig(config), { stores });
  return serveOnNode(
    (request, connection) => worker.fetch(request, env, context, connection),
    hostname,
  );
}
