// Durable Objects as the stores of a site.
import type { ObjectPlacement } from "../../protocol/object-placement.ts";
import type { Stores } from "../stores.ts";
import { type DurableObjectJournal, durableObjectJournal } from "./durable-object-journal.ts";
import { type DurableObjectRecords, durableObjectRecords } from "./durable-object-records.ts";

/** Where the objects are, and the settings of their classes. */
export interface DurableObjectStores extends ObjectPlacement {
  readonly journal?: Omit<DurableObjectJournal, keyof ObjectPlacement>;
  readonly records?: Omit<DurableObjectRecords, keyof ObjectPlacement>;
}

/**
 * Stores purges and responses in Durable Objects with SQLite. The Worker must export the classes
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
  };
}
