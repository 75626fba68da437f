// Exports of `tidemark/node`: the stores of a Node process, and application data on Node.
export { inProcess, redis, type RedisOptions, type RestAddress } from "./node-stores.ts";
export type { Stores } from "./compose/bind-stores.ts";
export { createDataCache, type NodeCacheOptions } from "./data/node/create-data-cache.ts";
export type { GivenConnection } from "./remote/redis/connection/given-connection.ts";
export type * from "./data-cache.ts";
export { LoadFailed, LoadTimedOut } from "./data/value/load-context.ts";
export { OperatorError } from "./base/operator-error.ts";
