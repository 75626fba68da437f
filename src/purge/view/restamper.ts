// Gives records in memory newer stamps, before the chain drops the entries that their stamps name.
// Only `LocalPurges` restamps records, because the purges of a single process cannot be lost.
import { restamp } from "./book-checks.ts";
import type { Chain } from "./chain.ts";
import type { PurgeSubject } from "./view.ts";

/** The increase of the chain's turnover in which one pass visits all records. */
const passTurnover = 1 / 4;

export class Restamper {
  readonly #chain: Chain;
  readonly #stored: () => Iterable<PurgeSubject>;
  #beganAt = 0;
  /** The records of the present pass. Weak references let evicted records be garbage-collected. */
  #records: WeakRef<PurgeSubject>[] = [];
  #doneCount = 0;

  /** @param stored returns the metadata of all records in memory */
  constructor(chain: Chain, stored: () => Iterable<PurgeSubject>) {
    this.#chain = chain;
    this.#stored = stored;
  }

  /**
   * Visits as many records as the chain's turnover since the last call requires, and restamps those
   * that no purge covers. A visit takes some 3 µs. Callers run it after each entry.
   */
  advance(): void {
    const share = (this.#chain.turnover - this.#beganAt) / passTurnover;
    const dueCount = Math.min(this.#records.length, Math.ceil(share * this.#records.length));
    const { end } = this.#chain;
    for (; this.#doneCount < dueCount; this.#doneCount += 1) {
      const record = this.#records[this.#doneCount]?.deref();
      if (record !== undefined && this.#isUncovered(record)) restamp(record, end);
    }
    if (share >= 1) this.#begin();
  }

  #begin(): void {
    this.#beganAt = this.#chain.turnover;
    this.#records = Array.from(this.#stored(), (record) => new WeakRef(record));
    this.#doneCount = 0;
  }

  /** Returns whether no entry after the record's stamp covers it. */
  #isUncovered(record: PurgeSubject): boolean {
    return this.#chain.knows(record.stamp) && this.#chain.purgeOf(record) === undefined;
  }
}
