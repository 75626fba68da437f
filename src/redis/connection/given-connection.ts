// Detects the library of a connection that the application provides.
import { OperatorError } from "../../base/operator-error.ts";
import type { Connection } from "./connection.ts";
import { hasKeyPrefix, type IoredisConnection, isOfIoredis, overIoredis } from "./over-ioredis.ts";
import {
  isOfNodeRedis,
  isPoolOfNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  overNodeRedis,
} from "./over-node-redis.ts";

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
    why: "It is neither a client of ioredis nor one of node-redis.",
    hint: 'Pass `new Redis(…)` of "ioredis", `createClient(…)` of "redis", or { url, token } of Upstash.',
  });
}
