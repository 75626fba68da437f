// The stores of a Node process: Redis over a connection of one's own or over REST, or the memory of
// the process alone.
import type { Stores } from "./compose/bind-stores.ts";
import { refuseUnknown } from "./base/known-members.ts";
import { isOnWorkers, nodeGlobals } from "./base/node-globals.ts";
import { type Fault, isFault, OperatorError } from "./base/operator-error.ts";
import { nodeFetch } from "./platform/node-fetch.ts";
import { addressOf, type GivenDatabase } from "./remote/redis/connection/given-connection.ts";
import type { RedisAddress } from "./remote/redis/address.ts";
import type { DatabaseOption } from "./remote/redis/given-rest.ts";
import { overUpstashLazily } from "./remote/redis/lazy-rest.ts";
import { memoryJournal } from "./stores/memory/memory-journal.ts";
import { redisStore } from "./stores/redis/redis-store.ts";

export type { RestAddress } from "./remote/redis/address.ts";
export type { UpstashRedis } from "./remote/redis/given-rest.ts";
export type { GivenDatabase } from "./remote/redis/connection/given-connection.ts";

export interface RedisOptions {
  /**
   * A separate database for the purge journal, so that other data cannot evict the journal or fill
   * its database: a client, or `{ url, token }`. To share the journal of a Worker, name the Worker's
   * database. Default: the journal is in the same database.
   */
  readonly journal?: GivenDatabase | undefined;
}

/**
 * Stores purges, responses and data in Redis. Uses no network before the first request.
 *
 * @param given a connection of ioredis or node-redis, which the application still owns, a client of
 *   @upstash/redis, or a REST address
 * @throws OperatorError for an invalid connection or address
 * @example tidemark(app, config, { stores: redis(new Redis("redis://127.0.0.1")) });
 */
export function redis(given: GivenDatabase, options: RedisOptions = {}): Stores {
  refuseUnknown(options, ["journal"], "redis(connection, …)");
  const { journal } = options;
  const databases = {
    redis: usableAddressOf(given, "redis"),
    journal: journal && usableAddressOf(journal, "journal"),
  };
  return {
    redis: redisStore(overUpstashLazily),
    databases: () => databases,
    fetch: nodeFetch,
  };
}

/**
 * Stores purges in the memory of this process, which is the whole cache: a purge reaches no other
 * process. Pages and data are only in memory.
 *
 * In a worker thread, such as one of Vitest, a purge reaches only this thread, which the log says.
 *
 * @throws OperatorError on Workers, and in a process that is one of several, by `node:cluster` or PM2
 * @example tidemark(app, config, { stores: inProcess() });
 */
export function inProcess(): Stores {
  if (isOnWorkers()) {
    throw new OperatorError({
      what: "The cache does not start: inProcess() is for a process that runs alone.",
      why: "This is a Worker, which runs in many isolates, and a purge in one would not reach the others.",
      hint: "Pass durableObjects() of tidemark/cloudflare or upstash() of tidemark/upstash as the stores.",
    });
  }
  const one = oneOfSeveral();
  if (one !== undefined) {
    throw new OperatorError({
      what: "The cache does not start: inProcess() is for a process that runs alone.",
      why: `This process is ${one}, and a purge in one would not reach the others.`,
      hint: "Pass redis(connection) of tidemark/node as the stores, or run one process.",
    });
  }
  const journal = memoryJournal();
  return {
    journal: { bound: () => journal, reach: "process", fault: faultOfThread() },
    fetch: nodeFetch,
  };
}

/** Returns the fault of a worker thread. Not an error, because test runners use such threads. */
function faultOfThread(): Fault | undefined {
  const threads = nodeGlobals.process?.getBuiltinModule?.("node:worker_threads");
  if (threads?.isMainThread !== false) return undefined;
  return {
    what: "Purges reach only this thread.",
    why: "inProcess() runs in a worker thread, and other threads may have caches of their own.",
    hint: "Ignore this in tests. Otherwise pass redis(connection), or run the site in the main thread.",
  };
}

/** Returns what this process is if it is one of several; `undefined` if it seems to run alone. */
function oneOfSeveral(): string | undefined {
  const { process } = nodeGlobals;
  const { pm_id: pm2, NODE_APP_INSTANCE: nth, instances } = process?.env ?? {};
  if (pm2 !== undefined || nth !== undefined) {
    // A process that `pm2 scale` adds has another number. Also with one instance, PM2 may use
    // `node:cluster`.
    const isOnly = instances === undefined || instances === "1";
    return isOnly && (nth ?? "0") === "0" ? undefined : "one of several instances of PM2";
  }
  const isWorker = process?.getBuiltinModule?.("node:cluster")?.isWorker === true;
  return isWorker ? "a worker of node:cluster" : undefined;
}

function usableAddressOf(given: GivenDatabase, option: DatabaseOption): RedisAddress {
  const address = addressOf(given, option);
  if (isFault(address)) throw new OperatorError(address);
  return address;
}
