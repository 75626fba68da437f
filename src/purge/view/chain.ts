// A chain: consecutive entries of the journal, indexed by their targets. A chain that exceeds its
// bounds drops its oldest entries.
import type { Stamp } from "../../cache/record/record.ts";
import {
  acceptedAtMs,
  type Entry,
  type EntryId,
  heldBytes,
  isBeginning,
  isFirst,
  isOrdered,
} from "../journal/entry.ts";
import { chainBytesMax, chainEntriesMax } from "../journal/journal.ts";
import { numberOf } from "../journal/epoch.ts";
import { TargetIndex } from "./target-index.ts";
import type { PurgeSubject } from "./view-port.ts";

/**
 * The numbers of the entries that name one target, counted as `#oldestNumber` is; -1 if there is no
 * such entry, because -∞ would take more memory. Most targets have no list.
 */
interface NewestEntry {
  /** The newest hard entry. */
  hardAt: number;
  /** The newest hard entry that is not an invalidation. */
  orderedAt: number;
  /** The newest soft entry. */
  softAt: number;
  /** All soft entries before the newest, oldest first. */
  earlierSoftAts: number[] | undefined;
}

/**
 * The default limits of a chain. Beyond them, the chain drops its oldest entries, and no longer
 * knows their stamps.
 */
export const usualBounds = { entriesMax: chainEntriesMax, bytesMax: chainBytesMax } as const;

export type ChainBounds = Readonly<Record<keyof typeof usualBounds, number>>;

export class Chain {
  readonly #bounds: ChainBounds;
  readonly #entries: Entry[] = [];
  /**
   * The number of the oldest entry. Numbers are consecutive, and stay valid when the chain changes
   * at either end.
   */
  #oldestNumber = 0;
  #end = placeOf(undefined);
  readonly #numberByPosition = new Map<string, number>();
  readonly #newest = new TargetIndex<NewestEntry>();
  #heldBytes = 0;
  /** When the chain got its later entries, by this isolate's clock, with the number of the first of each time. */
  #heard: { readonly from: number; readonly atMs: number }[] = [];

  /** @param entries at least one entry, oldest first, because a view is never empty */
  constructor(entries: readonly Entry[], bounds: ChainBounds = usualBounds) {
    if (entries.length === 0) throw new Error("A chain holds at least one entry.");
    this.#bounds = bounds;
    this.append(entries);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The place of the last entry: the same object until the next entry. */
  get end(): EntryId {
    return this.#end;
  }

  /** The place of the oldest entry. */
  get floor(): EntryId {
    return placeOf(this.#entries[0]);
  }

  /** An upper estimate of the bytes that the chain occupies. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** @param heardAtMs this isolate's clock at the entries' arrival; unknown for those that begin the chain */
  append(entries: readonly Entry[], heardAtMs?: number): void {
    const { entriesMax, bytesMax } = this.#bounds;
    const from = this.#oldestNumber + this.#entries.length;
    if (heardAtMs !== undefined && entries.length > 0) this.#heard.push({ from, atMs: heardAtMs });
    for (const entry of entries) {
      const number = this.#oldestNumber + this.#entries.push(entry) - 1;
      this.#index(entry, number);
    }
    if (entries.length > 0) this.#end = placeOf(entries.at(-1));
    const isOver = () => this.#entries.length > entriesMax || this.#heldBytes > bytesMax;
    while (this.#entries.length > 1 && isOver()) {
      this.#unindex(this.#entries.shift(), this.#oldestNumber);
      this.#oldestNumber += 1;
    }
    while ((this.#heard[1]?.from ?? Infinity) <= this.#oldestNumber) this.#heard.shift();
  }

  /** Returns a chain that begins with the entries before this one. */
  after(older: readonly Entry[]): Chain {
    const longer = new Chain([...older, ...this.#entries], this.#bounds);
    const moved = older.length - this.#oldestNumber;
    longer.#heard = this.#heard.map(({ from, atMs }) => ({ from: from + moved, atMs }));
    longer.#end = this.#end;
    return longer;
  }

  /** Discards the times of arrival, after the clock was set back. */
  forgetInstants(): void {
    this.#heard = [];
  }

  #index(entry: Entry, number: number): void {
    this.#heldBytes += heldBytes(entry);
    this.#numberByPosition.set(entry.position, number);
    this.#newest.change(entry.targets, (kept) => {
      const covered = kept ?? { hardAt: -1, orderedAt: -1, softAt: -1, earlierSoftAts: undefined };
      if (isOrdered(entry)) covered.orderedAt = number;
      if (entry.mode === "hard") {
        covered.hardAt = number;
        return covered;
      }
      if (covered.softAt >= 0) (covered.earlierSoftAts ??= []).push(covered.softAt);
      covered.softAt = number;
      return covered;
    });
  }

  /**
   * Removes the chain's oldest entry from the index. A target that no newer entry names loses its
   * value.
   */
  #unindex(entry: Entry | undefined, number: number): void {
    if (entry === undefined) return;
    this.#heldBytes -= heldBytes(entry);
    this.#numberByPosition.delete(entry.position);
    this.#newest.change(entry.targets, (covered) => {
      if (covered === undefined) return undefined;
      if (covered.earlierSoftAts?.[0] === number) covered.earlierSoftAts.shift();
      if (covered.softAt === number) covered.softAt = -1;
      return covered.hardAt > number || covered.softAt > number ? covered : undefined;
    });
  }

  /**
   * Returns whether the chain contains exactly this entry. Positions can repeat after a loss; `n`
   * cannot.
   */
  knows(stamp: Stamp): boolean {
    return this.#numberOf(stamp) !== undefined;
  }

  /** Returns whether all entries have higher numbers than the stamp, so that no later entry has the stamp's place. */
  isAfter(stamp: Stamp): boolean {
    const number = stamp === "none" ? 0 : numberOf(stamp);
    return number > 0 && number < numberOf(this.floor);
  }

  /**
   * Returns the entries after the first place, up to and including the second; `undefined` unless
   * the chain contains both places.
   */
  between(after: Stamp, upTo: EntryId): readonly Entry[] | undefined {
    const [first, last] = [this.#numberOf(after), this.#numberOf(upTo)];
    if (first === undefined || last === undefined) return undefined;
    return this.#entries.slice(first + 1 - this.#oldestNumber, last + 1 - this.#oldestNumber);
  }

  #numberOf(stamp: Stamp): number | undefined {
    if (stamp === "none") return undefined;
    const number = this.#numberByPosition.get(stamp.position);
    return number !== undefined && this.#entryAt(number)?.n === stamp.n ? number : undefined;
  }

  /** Returns whether the chain contains the record's stamp, and no later purge covers the record. */
  isClear(record: PurgeSubject): boolean {
    const { stamp } = record;
    // The chain itself gave the record this stamp.
    if (stamp === this.#end) return true;
    const number = this.#numberOf(stamp);
    if (number === undefined) return false;
    const isEnd = number + 1 === this.#oldestNumber + this.#entries.length;
    return isEnd || !this.#newest.some(record, isPurgedSince, number);
  }

  /**
   * Returns the deciding purge of a record: the newest hard entry after its stamp, else the first
   * soft entry after its stamp. An unknown stamp is treated as older than the whole chain (rule 6).
   */
  purgeOf(record: PurgeSubject): Entry | undefined {
    const since = this.#since(record);
    if (!this.#newest.some(record, isPurgedSince, since)) return undefined;
    const covering = this.#newest.covering(record);
    const hardAt = Math.max(...covering.map((newest) => newest.hardAt));
    if (hardAt > since) return this.#entryAt(hardAt);
    const firsts = covering.map((newest) => firstSoftAfter(newest, since));
    return this.#entryAt(Math.min(...firsts));
  }

  /** Returns whether a hard purge other than an invalidation covers the record after its stamp. */
  isPurgedByOrder(record: PurgeSubject): boolean {
    return this.#newest.some(record, isOrderedSince, this.#since(record));
  }

  /**
   * Returns when the journal accepted the newest entry that covers the record, or the isolate read it, if that is
   * later: the journal's clock may be behind. In epoch milliseconds; −∞ if there is none. The entry may be older than
   * the record's stamp.
   */
  lastPurgeAtMs(record: PurgeSubject): number {
    return this.#knownAtMs(this.#lastPurgeAt(record));
  }

  /**
   * Returns whether the chain may lack an entry that `lastPurgeAtMs` would date to this instant or later, because its
   * oldest entry is not before the instant.
   */
  mayLackSince(sinceAtMs: number): boolean {
    const [oldest] = this.#entries;
    return (
      oldest !== undefined && !isFirst(oldest) && this.#knownAtMs(this.#oldestNumber) >= sinceAtMs
    );
  }

  #knownAtMs(at: number): number {
    const entry = this.#entryAt(at);
    if (entry === undefined) return -Infinity;
    const heardAtMs = this.#heard.findLast(({ from }) => from <= at)?.atMs ?? -Infinity;
    return Math.max(acceptedAtMs(entry.position), heardAtMs);
  }

  /** Returns the number of the newest entry that covers the record; -1 or −∞ if there is none. */
  #lastPurgeAt(record: PurgeSubject): number {
    const covering = this.#newest.covering(record);
    return Math.max(...covering.map((one) => Math.max(one.hardAt, one.softAt)));
  }

  /**
   * Returns whether a covering entry was accepted at or after an instant, or may have been before
   * the chain's oldest entry (rule 29). The mark that begins a journal is not such an entry.
   */
  mayCoverSince(record: PurgeSubject, sinceAtMs: number): boolean {
    const isSince = ({ position }: Entry) => acceptedAtMs(position) >= sinceAtMs;
    const [oldest] = this.#entries;
    if (oldest !== undefined && !isFirst(oldest) && isSince(oldest)) return true;
    const last = this.#entryAt(this.#lastPurgeAt(record));
    return last !== undefined && !isBeginning(last) && isSince(last);
  }

  /**
   * Returns the number after which entries apply to a record. An unknown stamp precedes the whole
   * chain.
   */
  #since({ stamp }: PurgeSubject): number {
    return Math.max(this.#numberOf(stamp) ?? -Infinity, this.#oldestNumber - 1);
  }

  #entryAt(number: number): Entry | undefined {
    return this.#entries[number - this.#oldestNumber];
  }
}

const isPurgedSince = ({ hardAt, softAt }: NewestEntry, since: number) =>
  hardAt > since || softAt > since;

const isOrderedSince = ({ orderedAt }: NewestEntry, since: number) => orderedAt > since;

/** Returns the first soft entry after a number; ∞ if there is none. */
function firstSoftAfter({ softAt, earlierSoftAts = [] }: NewestEntry, since: number): number {
  let [low, high] = [0, earlierSoftAts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((earlierSoftAts[middle] ?? 0) > since) high = middle;
    else low = middle + 1;
  }
  return earlierSoftAts[low] ?? (softAt > since ? softAt : Infinity);
}

function placeOf(entry: Entry | undefined): EntryId {
  return { position: entry?.position ?? "", n: entry?.n ?? "" };
}
