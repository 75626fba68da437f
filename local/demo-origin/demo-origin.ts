// Starts the demo news site on a port: an ordinary HTTP origin.
import { once } from "node:events";
import { createServer, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { loadAssets } from "./assets.ts";
import { createDemoApp } from "./demo-app.ts";
import { createNewsroom } from "./newsroom.ts";
import { createReaders } from "./readers.ts";

export interface DemoOrigin {
  /** Without a final slash, such as "http://127.0.0.1:40123". */
  readonly url: string;
  /** Counts requests by method and path without query, such as "GET /feed". */
  requests(): Readonly<Record<string, number>>;
  /** Closes all connections. May be called twice. */
  stop(): Promise<void>;
}

/**
 * @param given.queryMs simulated duration of each query, so that hits are noticeable
 * @param given.nowAtMs the origin's clock: dates, sessions, the stamp in the footer
 * @param given.siteUrl the site's public URL without a final slash, for links in the RSS feed.
 *   Default: the request's
 * @example
 * const origin = await startDemoOrigin({ queryMs: 0 });
 * await fetch(`${origin.url}/feed`);
 * origin.requests(); // { "GET /feed": 1 }
 * await origin.stop();
 */
export async function startDemoOrigin({
  queryMs = 150,
  nowAtMs = Date.now,
  siteUrl,
}: {
  queryMs?: number;
  nowAtMs?: () => number;
  siteUrl?: string;
} = {}): Promise<DemoOrigin> {
  const newsroom = createNewsroom(queryMs);
  const readers = createReaders(nowAtMs);
  const app = createDemoApp({ newsroom, readers, assets: loadAssets(), nowAtMs, siteUrl });
  const counts = new Map<string, number>();
  const listener = getRequestListener(
    (request, { outgoing }) => {
      const route = `${request.method} ${new URL(request.url).pathname}`;
      counts.set(route, (counts.get(route) ?? 0) + 1);
      return app.fetch(request, outgoing instanceof ServerResponse ? { outgoing } : {});
    },
    // Other servers of this process keep Node's own Request and Response.
    { overrideGlobalObjects: false },
  );
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => Object.fromEntries(counts),
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
