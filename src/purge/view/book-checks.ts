// Queries the journal's book for records whose stamps the view does not know
// (docs/purge-protocol-book.md, rule 27). If no later entry covers such a record, the record gets a
// stamp that the view knows.
import { BoundedMarks } from "../../base/bounded-map.ts";
import type { Stamp } from "../../cache/record/record.ts";
import type { EntryPlace } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import type { Chain } from "./chain.ts";
import type { PurgeSubject } from "./view.ts";

/** The size limit of the remembered answers, in bytes. */
const rememberedBytesMax = 262_144;

export class BookChecks {
  readonly #journal: Pick<Journal, "unpurged">;
  readonly #chain: () => Chain | undefined;
  /**
   * The new stamps, by old stamp and coverage, because a tier may return a record with its old
   * stamp again.
   */
  readonly #restamped = new BoundedMarks<EntryPlace>(rememberedBytesMax);

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
    const { tags, groups, url, route } = record;
    const name = JSON.stringify([stamp.n, url, route, tags, groups]);
    const known = this.#restamped.get(name);
    if (known === undefined || !chain.knows(known)) return this.#asked(record, name, chain.end);
    restamp(record, known);
    return Promise.resolve();
  }

  async #asked(record: PurgeSubject, name: string, end: EntryPlace): Promise<void> {
    const read = await this.#journal.unpurged(end, [record]);
    // The chain may have been replaced during the query, after a loss of entries.
    if (read.kind !== "read" || !read.answers[0] || !this.#chain()?.knows(end)) return;
    this.#restamped.set(name, end);
    restamp(record, end);
  }
}

/**
 * Replaces a record's stamp. Callers ensure that no purge between the two stamps covers the record,
 * because backfills copy the new stamp into tiers that other isolates read.
 */
export function restamp(record: { stamp: Stamp }, end: Stamp): void {
  record.stamp = end;
}
