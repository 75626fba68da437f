// Tells which library made the connection that an application hands over.
import { OperatorError } from "../../base/operator-error.ts";
import type { Connection } from "./connection.ts";
import { type IoredisConnection, isOfIoredis, overIoredis } from "./over-ioredis.ts";
import {
  isOfNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  overNodeRedis,
} from "./over-node-redis.ts";

/** A connection of ioredis or of node-redis, to one server or to a cluster. */
export type GivenConnection = IoredisConnection | NodeRedisClient | NodeRedisCluster;

/** @throws OperatorError for what is neither */
export function connectionOf(given: object): Connection {
  if (isOfIoredis(given)) return overIoredis(given);
  if (isOfNodeRedis(given)) return overNodeRedis(given);
  throw new OperatorError({
    what: "The connection to Redis is refused.",
    why: "It is neither a client of ioredis nor one of node-redis.",
    mend: 'Hand over `new Redis(…)` of "ioredis" or `createClient(…)` of "redis", or { url, token } of Upstash.',
  });
}
