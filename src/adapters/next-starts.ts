// Keeps the starts of recent lookups, for loads that Next.js begins after them.
import type { GivenStart } from "../data/load/make-record.ts";

/** A lookup that has ended. */
export interface Begun {
  /** When the lookup was called, by `nextNowMs`. */
  readonly calledAtMs: number;
  /** Covers a load that begins at the call or later. */
  readonly start: GivenStart;
}

type Equality = (one: GivenStart, other: GivenStart) => boolean;

const keysMax = 5_000;
/** A key keeps the starts of at least a minute of lookups. */
const startsPerKeyMax = 64;
const startsOfAllMax = 600;
/** A start within this time of an equal earlier one is not kept: the earlier one also covers its load. */
const everyMs = 1_000;

/** Returns epoch milliseconds by the clock of `timestamp` in Next.js, which never goes back. */
export const nextNowMs = (): number => performance.timeOrigin + performance.now();

export class RecentStarts {
  /** The least recently looked up key is first. */
  readonly #byKey = new Map<string, Begun[]>();
  readonly #ofAll: Begun[] = [];

  /** Keeps a start for loads of this key, and as that of any key. */
  keep(key: string, begun: Begun): void {
    this.keepAny(begun);
    const ofKey = this.#byKey.get(key) ?? [];
    this.#byKey.delete(key);
    this.#byKey.set(key, ofKey);
    add(begun, ofKey, { max: startsPerKeyMax, isEqual: isOfEqualLoad });
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > keysMax && oldest !== undefined) this.#byKey.delete(oldest);
  }

  /** Keeps a start as that of any key. */
  keepAny(begun: Begun): void {
    add(begun, this.#ofAll, { max: startsOfAllMax, isEqual: isAtEqualPlace });
  }

  /** Returns the last start of the key that covers a load begun at this time. */
  ofKey(key: string, atMs: number): GivenStart | undefined {
    return lastBefore(atMs, this.#byKey.get(key) ?? []);
  }

  /** Returns the last start of any key that covers a load begun at this time. */
  ofAny(atMs: number): GivenStart | undefined {
    return lastBefore(atMs, this.#ofAll);
  }
}

function lastBefore(atMs: number, kept: readonly Begun[]): GivenStart | undefined {
  return kept.findLast(({ calledAtMs }) => calledAtMs <= atMs)?.start;
}

/** Adds to the kept starts, which are in the order of their calls. */
function add(
  begun: Begun,
  kept: Begun[],
  { max, isEqual }: { readonly max: number; readonly isEqual: Equality },
): void {
  const at = kept.findLastIndex(({ calledAtMs }) => calledAtMs <= begun.calledAtMs);
  const before = kept[at];
  const isNear = before !== undefined && begun.calledAtMs - before.calledAtMs < everyMs;
  if (isNear && isEqual(before.start, begun.start)) return;
  kept.splice(at + 1, 0, begun);
  if (kept.length > max) kept.shift();
}

function isOfEqualLoad(one: GivenStart, other: GivenStart): boolean {
  const isOverEqual =
    one.over?.respondedAtMs === other.over?.respondedAtMs &&
    one.over?.bodyDigest === other.over?.bodyDigest;
  return isOverEqual && isAtEqualPlace(one, other);
}

function isAtEqualPlace(one: GivenStart, other: GivenStart): boolean {
  return positionOf(one) === positionOf(other) && one.refusedCount === other.refusedCount;
}

function positionOf({ stamp }: GivenStart): string {
  return stamp === "none" ? stamp : stamp.position;
}
