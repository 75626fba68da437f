// The entries that this isolate accepted. The view applies them in addition to its chain, until a
// read of the journal adds them to the chain. A post of the switch stays until it is read back
// (rule 22).
import type { PurgeSubject } from "./view.ts";
import {
  acceptedAtMs,
  comparePositions,
  type Entry,
  heldBytes,
  isOrdered,
  isSamePlace,
  lastSwitched,
} from "../journal/entry.ts";
import { everything } from "../journal/purge-target.ts";
import type { SwitchState } from "../journal/switch-state.ts";
import { TargetIndex } from "./target-index.ts";

/**
 * The limit of the estimated bytes of all accepted entries, reached only if the journal accepts
 * purges but cannot be read. Each further purge counts as a hard purge of everything.
 */
const heldBytesMax = 4 * 1_048_576;

const none: readonly Entry[] = [];

interface AcceptedEntry {
  readonly entry: Entry;
  readonly atMs: number;
  /**
   * Whether the chain already contains the entry, or a mark that follows it. Only a post of the
   * switch then stays here, because it must still be read back (rule 22).
   */
  readonly isRead: boolean;
}

export class AcceptedPurges {
  /** The entries by `n`. */
  readonly #accepted = new Map<string, AcceptedEntry>();
  readonly #index = new TargetIndex<Set<Entry>>();
  #heldBytes = 0;
  /** The state after the newest post that the chain does not contain. */
  #switched: SwitchState | undefined;

  /**
   * Returns the state after this isolate's newest unread post, if the post is newer than the
   * chain's end (rule 24 e).
   *
   * @param end the position of the chain's end; empty without a chain
   */
  switchedAfter(end: string): SwitchState | undefined {
    const own = this.#switched;
    return own !== undefined && comparePositions(own.position, end) > 0 ? own : undefined;
  }

  /** Returns the entries accepted no later than `latestAtMs`, in the order of acceptance. */
  upTo(latestAtMs: number): Entry[] {
    const all = Array.from(this.#accepted.values());
    return all.filter(({ atMs }) => atMs <= latestAtMs).map(({ entry }) => entry);
  }

  /**
   * Adds an accepted entry.
   *
   * @param atMs the time of acceptance by this isolate's clock
   * @param isRead whether the chain already contains the entry. Only a post is then added
   */
  add(accepted: Entry, atMs: number, isRead = false): void {
    this.forget(accepted.n);
    if (isRead && accepted.switched === undefined) return;
    const isOver = this.#heldBytes + heldBytes(accepted) > heldBytesMax;
    const isWidened = isOver && accepted.switched === undefined;
    const entry: Entry = isWidened ? { ...accepted, mode: "hard", targets: everything } : accepted;
    this.#accepted.set(entry.n, { entry, atMs, isRead });
    this.#heldBytes += heldBytes(entry);
    this.#index.change(entry.targets, (kept) => (kept ?? new Set()).add(entry));
    if (entry.switched !== undefined) this.#findSwitched();
  }

  /** Replaces acceptance times after `latestAtMs` by that time, after the clock was set back. */
  dateUpTo(latestAtMs: number): void {
    for (const [n, accepted] of this.#accepted) {
      this.#accepted.set(n, { ...accepted, atMs: Math.min(accepted.atMs, latestAtMs) });
    }
  }

  /**
   * Removes an entry that the chain now contains. A post of the switch stays until it is read back:
   * a mark compensates for a lost purge, but not for a lost post (rule 24 e).
   */
  wasRead(n: string): void {
    const accepted = this.#accepted.get(n);
    if (accepted?.entry.switched === undefined) return this.forget(n);
    this.#accepted.set(n, { ...accepted, isRead: true });
    this.#findSwitched();
  }

  forget(n: string): void {
    const entry = this.#accepted.get(n)?.entry;
    if (entry === undefined) return;
    this.#accepted.delete(n);
    this.#heldBytes -= heldBytes(entry);
    this.#index.change(entry.targets, (kept) => {
      kept?.delete(entry);
      return kept?.size === 0 ? undefined : kept;
    });
    if (entry.switched !== undefined) this.#findSwitched();
  }

  #findSwitched(): void {
    const unread = Array.from(this.#accepted.values()).filter(({ isRead }) => !isRead);
    const entries = unread.map(({ entry }) => entry);
    this.#switched = lastSwitched(entries.sort((a, b) => comparePositions(a.position, b.position)));
  }

  /**
   * Removes the purges that this isolate accepted before a mark of loss, because the mark covers
   * everything.
   *
   * @param markedAtMs this isolate's clock before the mark was sent
   */
  forgetUpTo(markedAtMs: number): void {
    for (const [n, { atMs }] of this.#accepted) if (atMs <= markedAtMs) this.wasRead(n);
  }

  /** Returns the deciding purge of a record; `undefined` if no purge covers the record. */
  purgeOf(record: PurgeSubject): Entry | undefined {
    return this.#covering(record).reduce(decisive, undefined);
  }

  /** Returns whether a hard purge other than an invalidation covers the record. */
  isPurgedByOrder(record: PurgeSubject): boolean {
    return this.#covering(record).some(isOrdered);
  }

  /**
   * Returns when the newest covering purge was accepted, in epoch milliseconds; −∞ if there is
   * none.
   */
  lastPurgeAtMs(record: PurgeSubject): number {
    return Math.max(...this.#covering(record).map(({ position }) => acceptedAtMs(position)));
  }

  /**
   * Returns the entries that cover the record, except the entry that its stamp names, because the
   * response was requested after that entry.
   */
  #covering(record: PurgeSubject): readonly Entry[] {
    if (this.#accepted.size === 0) return none;
    const { stamp } = record;
    const entries = this.#index.covering(record).flatMap((kept) => Array.from(kept));
    return entries.filter((entry) => stamp === "none" || !isSamePlace(entry, stamp));
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
