// Queries the journal's book for records whose stamps the view does not know
// (docs/purge-protocol-book.md, rule 27). If no later entry covers such a record, the record gets a
// stamp that the view knows.
import { BoundedMarks } from "../../base/bounded-map.ts";
import { loadStampOf, type Stamp } from "../../cache/record/record.ts";
import type { EntryId } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import type { Chain } from "./chain.ts";
import type { PurgeSubject } from "./view-port.ts";

/** The size limit of the remembered answers, in bytes. */
const rememberedBytesMax = 262_144;

export class BookChecks {
  readonly #journal: Pick<Journal, "unpurged">;
  readonly #chain: () => Chain | undefined;
  /**
   * The new stamps, by old stamp and coverage, because a tier may return a record with its old
   * stamp again.
   */
  readonly #restamped = new BoundedMarks<EntryId>(rememberedBytesMax);

  /** @param chain returns the view's present chain */
  constructor(journal: Pick<Journal, "unpurged">, chain: () => Chain | undefined) {
    this.#journal = journal;
    this.#chain = chain;
  }

  /**
   * Replaces an unknown stamp with the place of an entry in the chain, if the book proves that no
   * entry between the two covers the record. The view then judges the record by the later entries.
   *
   * @returns a promise to wait for before the record is judged again: of the query, or resolved if
   *   the answer is known; `undefined` if the stamp stays
   */
  check(record: PurgeSubject): Promise<void> | undefined {
    const { stamp } = record;
    const chain = this.#chain();
    if (stamp === "none" || chain === undefined || chain.knows(stamp)) return undefined;
    if (this.recall(record)) return Promise.resolve();
    return this.#asked(record, nameOf(record, stamp), chain.end);
  }

  /**
   * Replaces an unknown stamp by the answer to an earlier query, if the chain still knows that new stamp.
   * Returns whether it did.
   */
  recall(record: PurgeSubject): boolean {
    const { stamp } = record;
    const chain = this.#chain();
    if (this.#restamped.count === 0 || stamp === "none" || chain?.knows(stamp) !== false) {
      return false;
    }
    const known = this.#restamped.get(nameOf(record, stamp));
    if (known === undefined || !chain.knows(known)) return false;
    restamp(record, known);
    return true;
  }

  async #asked(record: PurgeSubject, name: string, end: EntryId): Promise<void> {
    const read = await this.#journal.unpurged(end, [record]);
    // The chain may have been replaced during the query, after a loss of entries.
    if (read.kind !== "read" || !read.answers[0] || !this.#chain()?.knows(end)) return;
    this.#restamped.set(name, end);
    restamp(record, end);
  }
}

/** Returns the name of an answer. Records of one name have the same stamp and the same names in the book. */
function nameOf({ tags, groups, url, route, release }: PurgeSubject, { n }: EntryId): string {
  return JSON.stringify([n, url, route, tags, groups, release]);
}

/**
 * Replaces a record's stamp, and keeps the former one as `loadStamp`. Callers ensure that no purge between
 * the two stamps covers the record, because backfills copy the new stamp into tiers that other isolates read.
 */
export function restamp(record: { stamp: Stamp; loadStamp?: Stamp | undefined }, end: Stamp): void {
  record.loadStamp = loadStampOf(record);
  record.stamp = end;
}
