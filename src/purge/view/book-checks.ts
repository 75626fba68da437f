// Verifies records whose stamps the view does not know, by the journal's epochs and its book
// (docs/purge-protocol-book.md, rule 27). If no later entry covers such a record, the record gets a
// stamp that the view knows.
import { BoundedMarks } from "../../base/bounded-map.ts";
import { loadStampOf, type Stamp } from "../../cache/record/record.ts";
import type { EntryId } from "../journal/entry.ts";
import type { EpochRange } from "../journal/epoch.ts";
import type { Journal } from "../journal/journal.ts";
import type { Chain } from "./chain.ts";
import { EpochWindow } from "./epoch-window.ts";
import type { PurgeSubject, Requester } from "./view-port.ts";

/** The size limit of the remembered answers, in bytes. */
const rememberedBytesMax = 262_144;

/** The number of questions to the book for each read of epochs, which costs the CPU time of some questions. */
const asksPerRead = 4;

/** The number of questions after a read that gave nothing is so many times larger. */
const failureFactor = 16;

export class BookChecks {
  readonly #journal: Pick<Journal, "unpurged" | "epochs">;
  readonly #chain: () => Chain | undefined;
  readonly #window: EpochWindow;
  readonly #asksPerRead: number;
  /** The number of questions until the next read of epochs. */
  #asksLeft: number;
  /**
   * The new stamps, by old stamp and coverage, because a tier may return a record with its old
   * stamp again.
   */
  readonly #restamped = new BoundedMarks<EntryId>(rememberedBytesMax);

  /** @param chain returns the view's present chain */
  constructor(
    journal: Pick<Journal, "unpurged" | "epochs">,
    chain: () => Chain | undefined,
    given: EpochSettings = {},
  ) {
    this.#journal = journal;
    this.#chain = chain;
    this.#window = given.window ?? new EpochWindow();
    this.#asksPerRead = this.#asksLeft = given.asksPerRead ?? asksPerRead;
  }

  /**
   * Replaces an unknown stamp with the place of an entry in the chain, if the epochs or the book prove that no
   * entry between the two covers the record. The view then judges the record by the later entries. After some
   * questions to the book, reads epochs after the requester's answer.
   *
   * @returns a promise to wait for before the record is judged again: of the query, or resolved if
   *   the answer is known; `undefined` if the stamp stays
   */
  check(record: PurgeSubject, requester: Requester): Promise<void> | undefined {
    const { stamp } = record;
    const chain = this.#chain();
    if (stamp === "none" || chain === undefined || chain.knows(stamp)) return undefined;
    if (this.recall(record)) return Promise.resolve();
    this.#readEpochs(stamp, chain, requester);
    return this.#asked(record, nameOf(record, stamp), chain.end);
  }

  /**
   * Replaces an unknown stamp by the epochs that this isolate has, or by the answer to an earlier query, if the chain
   * still knows that new stamp. Returns whether it did.
   */
  recall(record: PurgeSubject): boolean {
    const { stamp } = record;
    const chain = this.#chain();
    if (stamp === "none" || chain?.knows(stamp) !== false) return false;
    const known = this.#window.verifiedUpTo(record, chain) ?? this.#answered(record, stamp);
    if (known === undefined || !chain.knows(known)) return false;
    restamp(record, known);
    return true;
  }

  #answered(record: PurgeSubject, stamp: EntryId): EntryId | undefined {
    return this.#restamped.count === 0 ? undefined : this.#restamped.get(nameOf(record, stamp));
  }

  /** Reads the epochs that the window lacks for this stamp, if enough questions preceded this one. */
  #readEpochs(stamp: EntryId, chain: Chain, requester: Requester): void {
    const range = this.#journal.epochs && this.#window.lacking(stamp, chain);
    if (range === undefined || (this.#asksLeft -= 1) > 0) return;
    this.#asksLeft = failureFactor * this.#asksPerRead;
    requester.afterAnswer(() => this.#readOn(range, stamp));
  }

  /** Reads epochs, and then the next ones for this stamp if enough questions arrived during the read. */
  async #readOn(range: EpochRange, stamp: EntryId): Promise<void> {
    const asksLeft = (this.#asksLeft = failureFactor * this.#asksPerRead);
    const read = await this.#journal.epochs?.(range);
    if (read?.kind !== "read" || !this.#window.take(range.first, read.epochs)) return;
    const isInDemand = asksLeft - this.#asksLeft > this.#asksPerRead;
    this.#asksLeft = this.#asksPerRead;
    const chain = isInDemand ? this.#chain() : undefined;
    const next = chain && this.#window.lacking(stamp, chain);
    if (next !== undefined) await this.#readOn(next, stamp);
  }

  async #asked(record: PurgeSubject, name: string, end: EntryId): Promise<void> {
    const read = await this.#journal.unpurged(end, [record]);
    // The chain may have been replaced during the query, after a loss of entries. It would not know the new stamp,
    // so the record would stay unverified.
    if (read.kind !== "read" || !read.answers[0] || !this.#chain()?.knows(end)) return;
    this.#restamped.set(name, end);
    restamp(record, end);
  }
}

/** Settings for tests. */
export interface EpochSettings {
  /** Default: an empty window. */
  readonly window?: EpochWindow;
  /** The number of questions to the book for each read of epochs. Default: 4. */
  readonly asksPerRead?: number;
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
