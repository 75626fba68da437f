// The purges that this isolate has accepted and not yet read. Each covers here at once, in addition
// to the chain, until a read brings it.
import type { Covered } from "./view.ts";
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

/** While the journal takes purges and cannot be read; beyond it each one covers everything. */
const heldBytesMax = 4 * 1_048_576;

const none: readonly Entry[] = [];

interface Accepted {
  readonly entry: Entry;
  readonly atMs: number;
  /** A post of the switch: its state is the chain's by now, and it is still to be looked for. */
  readonly isRead: boolean;
}

export class AcceptedPurges {
  /** By `n`. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #index = new TargetIndex<Set<Entry>>();
  #heldBytes = 0;
  /** The newest change of the switch among them. */
  #switched: SwitchState | undefined;

  /** Rule 24: one of our own that is newer than the view's end. */
  switchedAfter(end: string): SwitchState | undefined {
    const own = this.#switched;
    return own !== undefined && comparePositions(own.position, end) > 0 ? own : undefined;
  }

  /** Those that were accepted no later than that instant, in the order in which they were. */
  upTo(latestAtMs: number): Entry[] {
    const all = Array.from(this.#accepted.values());
    return all.filter(({ atMs }) => atMs <= latestAtMs).map(({ entry }) => entry);
  }

  /** @param atMs when it was accepted, by this isolate's clock */
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

  /** The clock was set back: none was accepted later than now. */
  dateUpTo(latestAtMs: number): void {
    for (const [n, accepted] of this.#accepted) {
      this.#accepted.set(n, { ...accepted, atMs: Math.min(accepted.atMs, latestAtMs) });
    }
  }

  /**
   * An entry that a read has brought decides no longer from here. A post of the switch stays until it
   * is looked for: no mark stands for one that is lost (rule 24).
   */
  wasRead(n: string): void {
    const accepted = this.#accepted.get(n);
    if (accepted?.entry.switched === undefined) return this.forget(n);
    this.#accepted.set(n, { ...accepted, isRead: true });
    this.#findSwitched();
  }

  /** An entry that is known to be lost, or to stand, covers no longer from here. */
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

  /** A mark of our own covers whatever an entry that was lost with the others covered. */
  forgetUpTo(markedAtMs: number): void {
    for (const [n, { atMs }] of this.#accepted) if (atMs <= markedAtMs) this.wasRead(n);
  }

  /** @returns the purge that decides about a record; `undefined` where none covers it */
  purgeOf(record: Covered): Entry | undefined {
    return this.#covering(record).reduce(decisive, undefined);
  }

  /** Does a hard purge cover a record that is more than an invalidation? */
  isPurgedByOrder(record: Covered): boolean {
    return this.#covering(record).some(isOrdered);
  }

  /** Epoch milliseconds: when the newest purge that covers a record was accepted; −∞ if none does. */
  lastPurgeAtMs(record: Covered): number {
    return Math.max(...this.#covering(record).map(({ position }) => acceptedAtMs(position)));
  }

  /** Whatever is stored is older, unless it was filled by one who had read that very entry. */
  #covering(record: Covered): readonly Entry[] {
    if (this.#accepted.size === 0) return none;
    const { stamp } = record;
    const entries = this.#index.covering(record).flatMap((kept) => Array.from(kept));
    return entries.filter((entry) => stamp === "none" || !isSamePlace(entry, stamp));
  }
}

/**
 * Of two purges that cover a record, the one that decides: a hard one before a soft one, and of one
 * mode the older, since which a record is stale.
 */
export function decisive(one: Entry | undefined, other: Entry | undefined): Entry | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.mode !== other.mode) return one.mode === "hard" ? one : other;
  return comparePositions(one.position, other.position) <= 0 ? one : other;
}
