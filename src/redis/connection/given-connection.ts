// Detects the library of a connection that the application provides.
import { OperatorError } from "../../base/operator-error.ts";
import type { Connection } from "./connection.ts";
import { type IoredisConnection, isOfIoredis, overIoredis } from "./over-ioredis.ts";
import {
  isOfNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  overNodeRedis,
} from "./over-node-redis.ts";

/** A connection of ioredis or node-redis, to a server or a cluster. */
export type GivenConnection = IoredisConnection | NodeRedisClient | NodeRedisCluster;

/** @throws OperatorError if it is neither */
export function connectionOf(given: object): Connection {
  if (isOfIoredis(given)) return overIoredis(given);
  if (isOfNodeRedis(given)) return overNodeRedis(given);
  throw new OperatorError({
    what: "The Redis connection is invalid.",
    why: "It is neither a client of ioredis nor one of node-redis.",
    hint: 'Pass `new Redis(…)` of "ioredis", `createClient(…)` of "redis", or { url, token } of Upstash.',
  });
}
