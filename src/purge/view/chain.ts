// A run of the journal's entries in order, indexed by what they cover. It grows at its end, at its
// older end by what was read back from there, and lets its oldest go when it becomes too large.
import type { Stamp } from "../../cache/record.ts";
import type { StoredMetadata } from "../../proxy/stored/stored-response.ts";
import {
  acceptedAtMs,
  type Entry,
  type EntryPlace,
  heldBytes,
  isOrdered,
} from "../journal/entry.ts";
import { chainBytesMax, chainEntriesMax } from "../journal/journal.ts";
import type { PurgeMode } from "../journal/purge-target.ts";
import { TargetIndex } from "./target-index.ts";

/** Numbers of the entries for one target: the newest hard one, −∞ for none, and all soft ones. */
interface Covered {
  hardAt: number;
  /** Of the hard ones, the newest that somebody ordered. */
  orderedAt: number;
  /** Oldest first. */
  readonly softAts: number[];
}

/** What a chain holds at the most; beyond it the oldest go, and their stamps become unknown. */
export interface ChainBounds {
  readonly entriesMax: number;
  readonly bytesMax: number;
}

export const usualBounds: ChainBounds = { entriesMax: chainEntriesMax, bytesMax: chainBytesMax };

export class Chain {
  readonly #bounds: ChainBounds;
  readonly #entries: Entry[] = [];
  /** An entry's number is one more than that of the entry before it, whatever comes and goes. */
  #oldestNumber = 0;
  readonly #numberByPosition = new Map<string, number>();
  readonly #covered = new TargetIndex<Covered>();
  #heldBytes = 0;

  /** @param entries at least one, oldest first: no view is ever empty */
  constructor(entries: readonly Entry[], bounds: ChainBounds = usualBounds) {
    if (entries.length === 0) throw new Error("A chain holds at least one entry.");
    this.#bounds = bounds;
    this.append(entries);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The place of the last entry. */
  get end(): EntryPlace {
    return placeOf(this.#entries.at(-1));
  }

  /** The place of the oldest entry. */
  get floor(): EntryPlace {
    return placeOf(this.#entries[0]);
  }

  /** An upper estimate of what all this takes in memory. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const number = this.#oldestNumber + this.#entries.push(entry) - 1;
      this.#index(entry, number);
    }
    let goneCount = 0;
    while (this.#entries.length - goneCount > 1 && this.#isOver(goneCount)) {
      this.#unindex(this.#entries[goneCount], this.#oldestNumber + goneCount);
      goneCount += 1;
    }
    this.#entries.splice(0, goneCount);
    this.#oldestNumber += goneCount;
  }

  #isOver(goneCount: number): boolean {
    const { entriesMax, bytesMax } = this.#bounds;
    return this.#entries.length - goneCount > entriesMax || this.#heldBytes > bytesMax;
  }

  /**
   * @param entries oldest first, and the last of them stands just before the floor
   * @returns false once there is no room for all of them: the newest that fit were taken
   */
  prepend(entries: readonly Entry[]): boolean {
    const { entriesMax, bytesMax } = this.#bounds;
    let takenCount = 0;
    for (const entry of entries.toReversed()) {
      const isFull =
        this.#entries.length + takenCount >= entriesMax ||
        this.#heldBytes + heldBytes(entry) > bytesMax;
      if (isFull) break;
      takenCount += 1;
      this.#index(entry, this.#oldestNumber - takenCount);
    }
    this.#entries.unshift(...entries.slice(entries.length - takenCount));
    this.#oldestNumber -= takenCount;
    return takenCount === entries.length;
  }

  #index(entry: Entry, number: number): void {
    this.#heldBytes += heldBytes(entry);
    this.#numberByPosition.set(entry.position, number);
    this.#covered.change(entry.targets, (kept) => {
      const covered = kept ?? { hardAt: -Infinity, orderedAt: -Infinity, softAts: [] };
      if (isOrdered(entry)) covered.orderedAt = Math.max(covered.orderedAt, number);
      if (entry.mode === "hard") covered.hardAt = Math.max(covered.hardAt, number);
      else if (number > newestSoft(covered)) covered.softAts.push(number);
      else if (covered.softAts[0] !== number) covered.softAts.unshift(number);
      return covered;
    });
  }

  /** Of the oldest alone: nothing older can be what is newest for its targets then. */
  #unindex(entry: Entry | undefined, number: number): void {
    if (entry === undefined) return;
    this.#heldBytes -= heldBytes(entry);
    this.#numberByPosition.delete(entry.position);
    this.#covered.change(entry.targets, (covered) => {
      if (covered === undefined) return undefined;
      if (covered.softAts[0] === number) covered.softAts.shift();
      return covered.hardAt > number || covered.softAts.length > 0 ? covered : undefined;
    });
  }

  /** Does the chain hold that very entry? A position alone may have been minted anew. */
  knows(stamp: Stamp): stamp is EntryPlace {
    return stamp !== "none" && this.#numberOf(stamp) !== undefined;
  }

  #numberOf({ position, n }: EntryPlace): number | undefined {
    const number = this.#numberByPosition.get(position);
    if (number === undefined) return undefined;
    return this.#entries[number - this.#oldestNumber]?.n === n ? number : undefined;
  }

  /**
   * Which mode of purge covers a response: any hard entry after its stamp makes it hard, whatever
   * soft ones came later. An unknown stamp is older than everything here.
   */
  purged(stored: StoredMetadata): PurgeMode | undefined {
    const since = this.#since(stored);
    let isSoft = false;
    for (const covered of this.#covered.covering(stored)) {
      if (covered.hardAt > since) return "hard";
      if (newestSoft(covered) > since) isSoft = true;
    }
    return isSoft ? "soft" : undefined;
  }

  /** Is a hard purge after its stamp, among those that cover a response, more than an invalidation? */
  isPurgedByOrder(stored: StoredMetadata): boolean {
    const since = this.#since(stored);
    return this.#covered.covering(stored).some(({ orderedAt }) => orderedAt > since);
  }

  /** When the first soft purge after its stamp that covers a response was accepted. */
  staleSinceMs(stored: StoredMetadata): number | undefined {
    const since = this.#since(stored);
    const firsts = Array.from(this.#covered.covering(stored), ({ softAts }) =>
      softAts.find((at) => at > since),
    );
    return this.#acceptedAtMs(Math.min(...firsts.filter((at) => at !== undefined)));
  }

  /** When the newest purge that covers a response was accepted; `undefined` if none does. */
  lastPurgeAtMs(stored: StoredMetadata): number | undefined {
    const newest = Array.from(this.#covered.covering(stored), (covered) =>
      Math.max(covered.hardAt, newestSoft(covered)),
    );
    return this.#acceptedAtMs(Math.max(...newest));
  }

  /** A number that is gone was that of an entry which has left the chain. */
  #since({ stamp }: StoredMetadata): number {
    const since = (stamp === "none" ? undefined : this.#numberOf(stamp)) ?? -Infinity;
    return Math.max(since, this.#oldestNumber - 1);
  }

  #acceptedAtMs(number: number): number | undefined {
    const position = this.#entries[number - this.#oldestNumber]?.position;
    return position === undefined ? undefined : acceptedAtMs(position);
  }
}

function newestSoft({ softAts }: Covered): number {
  return softAts.at(-1) ?? -Infinity;
}

function placeOf(entry: Entry | undefined): EntryPlace {
  return { position: entry?.position ?? "", n: entry?.n ?? "" };
}
