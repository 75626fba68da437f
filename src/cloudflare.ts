// Exports of `tidemark/cloudflare`: the shared tier in Durable Objects, for the option `tiers` of
// `createWorker`, large bodies in R2, for the option `bodies`, and the journal in a Durable Object, for the
// option `journal`.
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
