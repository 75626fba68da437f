// A local stand-in for Upstash's REST interface before a Valkey or Redis of this machine.
// Not imitated: event streams (SUBSCRIBE, MONITOR), RESP2 answers, read-only tokens and
// read-your-writes by `upstash-sync-token`; booleans as arguments are refused.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { OperatorError } from "../src/base/operator-error.ts";
import { Counter, type Counts } from "./upstash-rest/counts.ts";
import { Database } from "./upstash-rest/database.ts";
import { type AnsweredCall, respond } from "./upstash-rest/respond.ts";

export type { Counts } from "./upstash-rest/counts.ts";
export type { AnsweredCall } from "./upstash-rest/respond.ts";

export interface UpstashRestServerOptions {
  redisUrl: string;
  token: string;
  /** 0, the default, means any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Added to every answer, half before and half after the work. Default 0. */
  rttMs?: number;
  /** Age of the state that reads outside of a transaction see. Default 0: the primary answers. */
  replicaLagMs?: number;
  /** Asked of every request before anything is done; `false` breaks its connection, and nothing is done. */
  isTaken?: (commands: AnsweredCall["commands"]) => boolean;
  /** Told of every request that is answered, refused ones included. */
  onAnswered?: (call: AnsweredCall) => void;
}

export interface UpstashRestServer {
  /** For UPSTASH_REDIS_REST_URL. */
  readonly url: string;
  readonly token: string;
  /** Exact as of now: an answer that has arrived is in it. */
  counts(): Counts;
  resetCounts(): void;
  /** For requests that arrive from now on. */
  setRttMs(rttMs: number): void;
  /** Resolves when reads follow it; only the first lag above 0 takes time, to start the replica. */
  setReplicaLagMs(replicaLagMs: number): Promise<void>;
  /** Cuts every connection at once; may be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the stand-in and resolves when it takes requests.
 *
 * @throws OperatorError when Redis does not answer within 2 s, or the port is taken
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
  // An idle connection closed here just as workerd reuses it would look like an outage.
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
      mend: "Choose another port, or 0 for any free one.",
      cause,
    });
  }
}
