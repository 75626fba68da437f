// The entries that this isolate accepted. The view applies them in addition to its chain, until a
// read of the journal adds them to the chain.
import type { PurgeSubject } from "./view-port.ts";
import {
  acceptedAtMs,
  comparePositions,
  type Entry,
  heldBytes,
  isOrdered,
  isSameEntry,
} from "../journal/entry.ts";
import { everything } from "../journal/purge-target.ts";
import { TargetIndex } from "./target-index.ts";

/**
 * The limit of the estimated bytes of all accepted entries, reached only if the journal accepts
 * purges but cannot be read. Each further purge counts as a hard purge of everything.
 */
const heldBytesMax = 4 * 1_048_576;

const none: readonly (readonly Entry[])[] = [];

export class AcceptedPurges {
  /** The entries by `n`. */
  readonly #accepted = new Map<string, { readonly entry: Entry; readonly atMs: number }>();
  /** The entries of each target, in the order of `decisive`. */
  readonly #index = new TargetIndex<Entry[]>();
  #heldBytes = 0;

  /** Returns the entries accepted no later than `latestAtMs`, in the order of acceptance. */
  upTo(latestAtMs: number): Entry[] {
    const all = Array.from(this.#accepted.values());
    return all.filter(({ atMs }) => atMs <= latestAtMs).map(({ entry }) => entry);
  }

  /**
   * Adds an accepted entry.
   *
   * @param atMs the time of acceptance by this isolate's clock
   */
  add(accepted: Entry, atMs: number): void {
    this.forget(accepted.n);
    const isOver = this.#heldBytes + heldBytes(accepted) > heldBytesMax;
    const isWidened = isOver && accepted.switched === undefined;
    const entry: Entry = isWidened ? { ...accepted, mode: "hard", targets: everything } : accepted;
    this.#accepted.set(entry.n, { entry, atMs });
    this.#heldBytes += heldBytes(entry);
    this.#index.change(entry.targets, (kept = []) => {
      const before = kept.findLastIndex((other) => decisive(other, entry) === other);
      kept.splice(before + 1, 0, entry);
      return kept;
    });
  }

  /** Replaces acceptance times after `latestAtMs` by that time, after the clock was set back. */
  dateUpTo(latestAtMs: number): void {
    for (const [n, accepted] of this.#accepted) {
      this.#accepted.set(n, { ...accepted, atMs: Math.min(accepted.atMs, latestAtMs) });
    }
  }

  /** Removes an entry, for example because the chain now contains it. */
  forget(n: string): void {
    const entry = this.#accepted.get(n)?.entry;
    if (entry === undefined) return;
    this.#accepted.delete(n);
    this.#heldBytes -= heldBytes(entry);
    this.#index.change(entry.targets, (kept = []) => {
      kept.splice(kept.indexOf(entry), 1);
      return kept.length === 0 ? undefined : kept;
    });
  }

  /**
   * Removes the entries that this isolate accepted before a mark of loss: the mark covers
   * everything, and a post that was lost is posted again (rule 24 g). An entry of the same
   * millisecond stays, because the journal may have it after the mark.
   *
   * @param markedAtMs this isolate's clock before the mark was sent
   */
  forgetBefore(markedAtMs: number): void {
    for (const [n, { atMs }] of this.#accepted) if (atMs < markedAtMs) this.forget(n);
  }

  /** Returns the deciding purge of a record; `undefined` if no purge covers the record. */
  purgeOf(record: PurgeSubject): Entry | undefined {
    const covering = this.#covering(record);
    const firsts = covering.map((kept) => kept.find((one) => !isSameEntry(one, record.stamp)));
    return firsts.reduce(decisive, undefined);
  }

  /** Returns whether a hard purge other than an invalidation covers the record. */
  isPurgedByOrder(record: PurgeSubject): boolean {
    const isOther = (one: Entry) => isOrdered(one) && !isSameEntry(one, record.stamp);
    return this.#covering(record).some((kept) => kept.some(isOther));
  }

  /**
   * Returns when the newest covering purge was accepted, by the later of the journal's clock and this isolate's, in
   * epoch milliseconds; −∞ if there is none.
   */
  lastPurgeAtMs(record: PurgeSubject): number {
    const all = this.#covering(record).flat();
    const others = all.filter((one) => !isSameEntry(one, record.stamp));
    const times = others.flatMap(({ n, position }) => [
      acceptedAtMs(position),
      this.#accepted.get(n)?.atMs ?? -Infinity,
    ]);
    return Math.max(...times);
  }

  /**
   * Returns the entries of each target that covers the record. The entry that its stamp names does
   * not apply, because the response was requested after that entry.
   */
  #covering(record: PurgeSubject): readonly (readonly Entry[])[] {
    return this.#accepted.size === 0 ? none : this.#index.covering(record);
  }
}

/**
 * Returns the deciding one of two purges that cover a record. A hard purge takes precedence over a
 * soft one. In the same mode, the older purge decides, because a response is stale from the first
 * soft purge on.
 */
export function decisive(one: Entry | undefined, other: Entry | undefined): Entry | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.mode !== other.mode) return one.mode === "hard" ? one : other;
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
