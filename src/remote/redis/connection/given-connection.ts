// The address of a database that an application names by its own connection or client, and the texts about
// troubles of a connection. Detects the library.
import { type Fault, OperatorError } from "../../../base/operator-error.ts";
import type { TroubleWords } from "../../trouble.ts";
import type { RedisAddress, RestAddress, WatchedStream } from "../address.ts";
import {
  type DatabaseOption,
  isRestGiven,
  restAddressOf,
  type UpstashRedis,
} from "../given-rest.ts";
import { upstashWords } from "../redis-trouble.ts";
import { transportOver } from "./transport.ts";
import type { Connection } from "./connection.ts";
import { hasKeyPrefix, type IoredisConnection, isOfIoredis, overIoredis } from "./over-ioredis.ts";
import {
  isOfNodeRedis,
  isPoolOfNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  overNodeRedis,
} from "./over-node-redis.ts";
import { WaitingHints } from "./waiting-hints.ts";

/**
 * A connection of ioredis or node-redis, a `Redis` of `@upstash/redis`, of which only the address and
 * token are used, or these two.
 */
export type GivenDatabase = RestAddress | UpstashRedis | GivenConnection;

/** A connection of ioredis or node-redis, to a server or a cluster. */
export type GivenConnection = IoredisConnection | NodeRedisClient | NodeRedisCluster;

const what = "The Redis connection is unsuitable.";
const prefixed = {
  what,
  why: "Its option `keyPrefix` renames keys, so that Workers and processes without it do not find the journal.",
  hint: "Remove `keyPrefix`, and set `namespace` of the cache instead: all keys of the cache begin with it.",
};
const pooled = {
  what,
  why: "It is a pool, or a client of Redis Sentinel by node-redis, which sends commands over several connections, out of order, and queues commands while it has no connection.",
  hint: 'Pass `createClient(…)`, or for Sentinel `new Redis({ sentinels, name })` of "ioredis": one connection must carry all commands.',
};

/**
 * Returns the connection.
 *
 * @throws OperatorError if the client is of another library, or cannot carry the cache's commands
 */
export function connectionOf(given: object): Connection {
  if (isOfIoredis(given)) {
    if (hasKeyPrefix(given)) throw new OperatorError(prefixed);
    return overIoredis(given);
  }
  if (isPoolOfNodeRedis(given)) throw new OperatorError(pooled);
  if (isOfNodeRedis(given)) return overNodeRedis(given);
  throw new OperatorError({
    what: "The Redis connection is invalid.",
    why: "It is no client of ioredis, node-redis or @upstash/redis.",
    hint: 'Pass `new Redis(…)` of "ioredis", `createClient(…)` of "redis", `Redis.fromEnv()` of "@upstash/redis", or { url, token }.',
  });
}

/** The reason and the advice by kind of trouble, over a connection. */
export const connectionWords: TroubleWords = {
  ...upstashWords,
  "token-refused": ["Redis refused the user or the password", "check those of the connection"],
  unreachable: [
    "The database cannot be reached",
    "check the address of the connection, and that the database runs",
  ],
  "not-open": [
    "The connection to the database is not open",
    "open it with `await client.connect()`, once, before the first use of the cache",
  ],
  busy: [
    "The database is busy, or loads its dataset after a start",
    "if that lasts, check its log, and `loading` of INFO",
  ],
  "read-only": ["The database is read-only", "connect to the primary"],
  "not-permitted": [
    "The user may not run a command, or use a key, that the cache needs",
    "allow the user reads, writes, transactions, INFO, EVAL and EVAL_RO, on keys that begin with `namespace`",
  ],
  "not-upstash": [
    "A reply is not in the format of Redis",
    "check that the database is Redis or Valkey, and that the connection maps no types",
  ],
  refused: ["The database refused a command", "check its state, and what its user may do"],
  failed: ["A command to the database failed before it was sent", "check the connection"],
};

/** ioredis opens a connection by itself, but never again after its end. */
const ioredisWords: TroubleWords = {
  ...connectionWords,
  "not-open": [
    "The connection to the database is closed",
    "call `quit()` or `disconnect()` only after the last use of the cache, and let `retryStrategy` return a number, because ioredis " +
      "opens a closed connection only by `connect()`",
  ],
};

/** Returns the texts about troubles of a connection, for its library. */
export const wordsOf = (given: object): TroubleWords =>
  isOfIoredis(given) ? ioredisWords : connectionWords;

/** By connection. Each connection gets one listener for errors, although several caches use it. */
const addresses = new WeakMap<object, RedisAddress>();

/**
 * Returns the address.
 *
 * @throws OperatorError if the client is of another library, or cannot carry the cache's commands
 */
export function addressOver(given: object): RedisAddress {
  const known = addresses.get(given);
  if (known !== undefined) return known;
  const connection = connectionOf(given);
  const { isCluster } = connection;
  // No request uses this address.
  const nowhere = { url: "https://connection.invalid", token: "none" };
  const words = wordsOf(given);
  /** By the key of the stream. */
  const waits = new Map<string, WaitingHints>();
  const watch = (stream: WatchedStream) => {
    const wait = waits.get(stream.key) ?? new WaitingHints(connection, stream, words);
    waits.set(stream.key, wait);
    return wait.handTo(stream);
  };
  const over = { ...transportOver(connection), isCluster };
  const address = { ...nowhere, ...over, words, watch };
  addresses.set(given, address);
  return address;
}

/**
 * Returns the address of a database, or its fault.
 *
 * @throws OperatorError if this is no database, or a client of another library
 */
export function addressOf(given: GivenDatabase, option: DatabaseOption): RedisAddress | Fault {
  if (typeof given !== "object" || given === null) {
    throw new OperatorError({
      what: "The cache has no database.",
      why: `\`${option}\` is ${typeof given === "string" ? "a text, not a connection" : "not set"}.`,
      hint:
        'Set it to { url, token }, to a connection such as `new Redis("redis://…")` of "ioredis", or to "none" ' +
        "(of pages: `stores: inProcess()`) if this process is the whole cache.",
    });
  }
  return isRestGiven(given) ? restAddressOf(given, option) : addressOver(given);
}
