// Exports of `tidemark/node`: application data on Node, and its metrics.
export {
  createDataCache,
  type NodeCacheOptions,
  type RestAddress,
} from "./data/node/create-data-cache.ts";
export { prometheus } from "./data/node/prometheus.ts";
export type { GivenConnection } from "./remote/redis/connection/given-connection.ts";
export type * from "./data-cache.ts";
export { LoadFailed, LoadTimedOut } from "./data/value/load-context.ts";
export { OperatorError } from "./base/operator-error.ts";
