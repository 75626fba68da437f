// Exports of `tidemark/cloudflare`: Durable Objects and R2 as the stores of a site.
// See docs/stores.md#durable-objects and docs/stores.md#large-bodies-in-r2.
import type { Stores } from "./compose/bind-stores.ts";
import type { ObjectPlacement } from "./protocol/object-placement.ts";
import {
  type DurableObjectJournal,
  durableObjectJournal,
} from "./stores/durable-object/durable-object-journal.ts";
import {
  type DurableObjectReports,
  durableObjectReports,
} from "./stores/durable-object/durable-object-reports.ts";
import {
  type DurableObjectRecords,
  durableObjectRecords,
} from "./stores/durable-object/durable-object-records.ts";

export type { Stores } from "./compose/bind-stores.ts";
export {
  type DurableObjectJournal,
  durableObjectJournal,
  type DurableObjectRecords,
  durableObjectRecords,
  type DurableObjectReports,
  durableObjectReports,
};
export { type R2Bodies, r2Bodies } from "./stores/r2/r2-bodies.ts";
export { TidemarkRecords } from "./stores/durable-object/tidemark-records.ts";
export type { ObjectState } from "./stores/durable-object/counted-sql.ts";
export { TidemarkJournal } from "./stores/durable-object/tidemark-journal.ts";

/** Where the objects are, and the settings of their classes. */
export interface DurableObjectStores extends ObjectPlacement {
  readonly journal?: Omit<DurableObjectJournal, keyof ObjectPlacement>;
  readonly records?: Omit<DurableObjectRecords, keyof ObjectPlacement>;
}

/**
 * Stores purges, responses and reports of metrics in Durable Objects with SQLite. The Worker must export the classes
 * `TidemarkJournal` and `TidemarkRecords`.
 *
 * @example
 * export { TidemarkJournal, TidemarkRecords } from "tidemark/cloudflare";
 * export default createWorker(config, { stores: durableObjects() });
 */
export function durableObjects({ journal, records, ...place }: DurableObjectStores = {}): Stores {
  return {
    journal: durableObjectJournal({ ...journal, ...place }),
    records: durableObjectRecords({ ...records, ...place }),
    reports: durableObjectReports({ binding: journal?.binding ?? "JOURNAL", ...place }),
  };
}
