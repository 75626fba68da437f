// Exports of `tidemark/cloudflare`: Durable Objects and R2 as the stores of a site.
export {
  durableObjects,
  type DurableObjectStores,
} from "./stores/durable-object/durable-objects.ts";
export type { Stores } from "./stores/stores.ts";
export { type R2Bodies, r2Bodies } from "./stores/r2/r2-bodies.ts";
export type { BodiesInCode, TierInCode } from "./cache/tiers/tier-in-code.ts";
export {
  type DurableObjectJournal,
  durableObjectJournal,
} from "./stores/durable-object/durable-object-journal.ts";
export {
  type DurableObjectRecords,
  durableObjectRecords,
} from "./stores/durable-object/durable-object-records.ts";
export { TidemarkRecords } from "./stores/durable-object/records-object.ts";
export type { ObjectState } from "./stores/durable-object/counted-sql.ts";
export { TidemarkJournal } from "./stores/durable-object/journal-object.ts";
export type { JournalInCode } from "./purge/journal-in-code.ts";
