// Exports of `tidemark/data`: application data on the tiers of the cache.
// See docs/data.md.
export { createDataCache, type DataCache, type DataStats } from "./data/create-data-cache.ts";
export type { DataPlatform } from "./data/data-platform.ts";
export type { DataEvent, OnDataEvent } from "./data/value/events.ts";
export type { ManyResult } from "./data/get-or-load.ts";
export type { Lookup } from "./data/lookup-for-caller.ts";
export type { Namespace } from "./data/namespace.ts";
export type { Fields } from "./data/fields/hash-fields.ts";
export type { DataPurge, PurgeReceipt } from "./data/purge-data.ts";
export type { Codec } from "./base/codec.ts";
export type { Frozen } from "./data/value/frozen.ts";
export type { Key } from "./data/value/data-key.ts";
export type { DataDuration } from "./data/value/lifetime-text.ts";
export {
  type CallOptions,
  type Load,
  type LoadContext,
  LoadFailed,
  type LoadMany,
  type LoadManyContext,
  LoadTimedOut,
  type MissingKeyPolicy,
} from "./data/value/load-context.ts";
export type { NamespaceOptions } from "./data/value/space.ts";
export type { SetOptions } from "./data/write/set.ts";
export type { WriteOptions } from "./data/write/written-value.ts";
export { type Persist, WriteTimedOut } from "./data/write/write-through.ts";
export { OperatorError } from "./base/operator-error.ts";
