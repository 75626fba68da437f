// Exports of `tidemark/node`: application data on Node.
export {
  createDataCache,
  type NodeCacheOptions,
  type RestAddress,
} from "./node/create-data-cache.ts";
export type { GivenConnection } from "./redis/connection/given-connection.ts";
export type * from "./data-cache.ts";
export { LoadFailed, LoadTimedOut } from "./data/value/load-context.ts";
export { OperatorError } from "./base/operator-error.ts";
