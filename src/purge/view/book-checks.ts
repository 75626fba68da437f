// Verifies records whose stamps the view does not know, by the journal's epochs and its book
// (docs/purge-protocol-book.md, rule 27). If no later entry covers such a record, the record gets a
// stamp that the view knows.
import { BoundedMarks } from "../../base/bounded-map.ts";
import { loadStampOf, type Stamp } from "../../cache/record/record.ts";
import type { EntryId } from "../journal/entry.ts";
import { type EpochRange, numberOf } from "../journal/epoch.ts";
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
    if (this.recall(record) !== undefined) return Promise.resolve();
    this.#readEpochs(stamp, chain, requester);
    return this.#asked(record, stamp, chain.end);
  }

  /**
   * Verifies an unknown stamp by the epochs that this isolate has, or by the answer to an earlier query. Replaces the
   * stamp, unless it is newer than the view.
   *
   * @returns the entry of the chain since which purges may cover the record; `undefined` if the stamp is known, or
   *   stays unverified
   */
  recall(record: PurgeSubject): EntryId | undefined {
    const { stamp } = record;
    const chain = this.#chain();
    if (stamp === "none" || chain?.knows(stamp) !== false) return undefined;
    const known = this.#window.verifiedUpTo(record, chain) ?? this.#answered(record, stamp);
    return known && used(record, stamp, { known, chain });
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

  async #asked(record: PurgeSubject, stamp: EntryId, end: EntryId): Promise<void> {
    const name = nameOf(record, stamp);
    const read = await this.#journal.unpurged(end, [record]);
    if (read.kind !== "read" || !read.answers[0]) return;
    this.#restamped.set(name, end);
    used(record, stamp, { known: end, chain: this.#chain() });
  }
}

/**
 * Replaces a stamp by the place up to which no purge covers the record. A stamp that is newer than this place stays
 * (rule 27 f): with the new one, purges from before the load would cover the record once the view has them.
 *
 * @param given.chain does not know the place if it has been replaced during the query, after a loss of entries
 * @returns the place; `undefined` if the record stays unverified
 */
function used(
  record: PurgeSubject,
  stamp: EntryId,
  { known, chain }: { readonly known: EntryId; readonly chain: Chain | undefined },
): EntryId | undefined {
  if (chain?.knows(known) !== true) return undefined;
  if (numberOf(stamp) > numberOf(known)) return chain.isClear(record, known) ? known : undefined;
  restamp(record, known);
  return known;
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
