// Exports of `tidemark/node`: the stores, the context and the loopback origin of a Node process,
// application data on Node, and its metrics.
// See docs/own-server.md, docs/data-on-node.md and docs/monitoring.md#node-nextjs-and-data-alone.
export {
  inProcess,
  redis,
  type RedisOptions,
  type RestAddress,
  type UpstashRedis,
} from "./node-stores.ts";
export type { Stores } from "./compose/bind-stores.ts";
export { createDataCache, type NodeCacheOptions } from "./data/node/node-data-cache.ts";
export { prometheus } from "./data/node/prometheus.ts";
export { loopbackOrigin } from "./platform/loopback-origin.ts";
export { context, settled } from "./platform/process-context.ts";
export type { GivenConnection } from "./remote/redis/connection/given-connection.ts";
export type * from "./data-cache.ts";
export { LoadFailed, LoadTimedOut } from "./data/value/load-context.ts";
export { OperatorError } from "./base/operator-error.ts";
