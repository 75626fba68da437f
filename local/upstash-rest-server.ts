// A local double of Upstash's REST interface in front of a Valkey or Redis. It does not imitate
// commands in the path but SUBSCRIBE, the event streams of PSUBSCRIBE and MONITOR, base64 or RESP2 answers, read-only tokens, or
// read-your-writes by `upstash-sync-token`. It rejects boolean arguments.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OperatorError } from "../src/base/operator-error.ts";
import { Counter, type Counts } from "./upstash-rest/counts.ts";
import { Database } from "./upstash-rest/database.ts";
import { type CallAnswer, respond } from "./upstash-rest/respond.ts";

export type { Counts } from "./upstash-rest/counts.ts";
export type { CallAnswer } from "./upstash-rest/respond.ts";

export interface UpstashRestServerOptions {
  redisUrl: string;
  token: string;
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** The delay of every answer, half before and half after the work. Default 0. */
  rttMs?: number;
  /** The age of the state that reads outside transactions see. Default 0: the primary answers. */
  replicaLagMs?: number;
  /** Called before the execution of each request. `false` breaks the connection instead. */
  isTaken?: (commands: CallAnswer["commands"]) => boolean;
  /** Called for every answered request, including rejected ones. */
  onAnswered?: (call: CallAnswer) => void;
}

export interface UpstashRestServer {
  /** The value for UPSTASH_REDIS_REST_URL. */
  readonly url: string;
  readonly token: string;
  /** Returns counts that include every answer that has arrived. */
  counts(): Counts;
  resetCounts(): void;
  /** Affects requests that arrive after the call. */
  setRttMs(rttMs: number): void;
  /**
   * Resolves when the lag applies to reads. Only the first lag above 0 takes time, because the
   * replica has to start.
   */
  setReplicaLagMs(replicaLagMs: number): Promise<void>;
  /** Cuts all connections at once. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the double, and resolves when it accepts requests.
 *
 * @throws OperatorError if Redis does not answer within 2 s, or the port is in use
 * @example
 * const valkey = await startEmbeddedValkey();
 * const rest = await startUpstashRestServer({ redisUrl: valkey.url, token: "local" });
 */
export async function startUpstashRestServer(
  options: UpstashRestServerOptions,
): Promise<UpstashRestServer> {
  const { redisUrl, token, port = 0, host = "127.0.0.1", replicaLagMs = 0 } = options;
  const { isTaken, onAnswered } = options;
  let rttMs = options.rttMs ?? 0;
  const counter = new Counter();
  const database = await Database.open(redisUrl, counter);
  const server = createServer((request, response) => {
    const hooks = { isTaken, onAnswered };
    void respond({ request, response, token, rttMs, counter, database, ...hooks });
  });
  // Keep idle connections open: closing one just as workerd reuses it would look like an outage.
  server.keepAliveTimeout = 0;
  try {
    await database.setReplicaLagMs(replicaLagMs);
    await listen(server, { port, host });
  } catch (cause) {
    await database.close();
    throw cause;
  }
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    token,
    counts: () => counter.counts(),
    resetCounts: () => counter.reset(),
    setRttMs: (changedRttMs) => {
      rttMs = changedRttMs;
    },
    setReplicaLagMs: (lagMs) => database.setReplicaLagMs(lagMs),
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await database.close();
    },
  };
}

async function listen(server: Server, at: { port: number; host: string }): Promise<void> {
  server.listen(at);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new OperatorError({
      what: "The local REST server did not start.",
      why: `It cannot listen on ${at.host}:${at.port}: ${String(cause)}.`,
      hint: "Choose another port, or 0 for any free one.",
      cause,
    });
  }
}
