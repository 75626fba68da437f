// Passes purges on to Tidemark. A test can interrupt the connection, or hold a purge back.
import { createServer } from "node:http";
import { listening } from "../listening.ts";
import { rawRequest } from "../worker/raw-request.ts";

type RelayMode = "passes" | "interrupts" | "interrupts-once" | "holds";

export interface PurgeRelay {
  readonly url: string;
  /** The ids of all tries, in order. */
  readonly ids: readonly string[];
  set(mode: RelayMode): void;
  /** Resolves once a purge is held back. */
  held(): Promise<void>;
  stop(): Promise<void>;
}

/** @param siteUrl the colo that gets the purges */
export async function startPurgeRelay(siteUrl: string): Promise<PurgeRelay> {
  let mode: RelayMode = "passes";
  let holding = Promise.withResolvers<void>();
  const ids: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = await incoming.toArray();
    ids.push(String(incoming.headers["webhook-id"]));
    const current = mode;
    if (current === "interrupts-once") mode = "passes";
    if (current.startsWith("interrupts")) incoming.socket.destroy();
    if (current === "holds") holding.resolve();
    if (current !== "passes") return;
    const { url = "/", headers } = incoming;
    const fields = Object.entries(headers).flatMap(([name, value]) =>
      typeof value === "string" && /^(?:webhook-|content-type)/.test(name) ? [[name, value]] : [],
    );
    const answer = await rawRequest(siteUrl, url, {
      method: "POST",
      headers: Object.fromEntries(fields),
      body: Buffer.concat(chunks).toString(),
    });
    outgoing.writeHead(answer.status, { "content-type": "application/json" });
    outgoing.end(answer.body);
  });
  const { url, stop } = await listening(server);
  return {
    url: `${url}/_cache/purge`,
    ids,
    set: (wanted) => {
      mode = wanted;
      holding = Promise.withResolvers();
    },
    held: () => holding.promise,
    stop,
  };
}
