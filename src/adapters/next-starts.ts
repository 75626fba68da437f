// Keeps the starts of recent lookups, for loads that Next.js begins after them.
import type { GivenStart } from "../data/load/make-record.ts";

/** A lookup that has ended. */
export interface Ended {
  /** By `nextNowMs`. */
  readonly endedAtMs: number;
  /** Covers loads that begin after the end. */
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
  readonly #byKey = new Map<string, Ended[]>();
  readonly #ofAll: Ended[] = [];

  /** Keeps a start for loads of this key, and as that of any key. */
  keep(key: string, ended: Ended): void {
    this.keepAny(ended);
    const ofKey = this.#byKey.get(key) ?? [];
    this.#byKey.delete(key);
    this.#byKey.set(key, ofKey);
    add(ended, ofKey, { max: startsPerKeyMax, isEqual: isOfEqualLoad });
    const [oldest] = this.#byKey.keys();
    if (this.#byKey.size > keysMax && oldest !== undefined) this.#byKey.delete(oldest);
  }

  /** Keeps a start as that of any key. */
  keepAny(ended: Ended): void {
    add(ended, this.#ofAll, { max: startsOfAllMax, isEqual: isAtEqualPlace });
  }

  /** Returns the last start of the key that covers a load that begins at this time. */
  ofKey(key: string, atMs: number): GivenStart | undefined {
    return lastBefore(atMs, this.#byKey.get(key) ?? []);
  }

  /** Returns the last start of any key that covers a load that begins at this time. */
  ofAny(atMs: number): GivenStart | undefined {
    return lastBefore(atMs, this.#ofAll);
  }
}

function lastBefore(atMs: number, kept: readonly Ended[]): GivenStart | undefined {
  return kept.findLast(({ endedAtMs }) => endedAtMs <= atMs)?.start;
}

/** Adds to the kept starts, which are in the order of their ends. */
function add(
  ended: Ended,
  kept: Ended[],
  { max, isEqual }: { readonly max: number; readonly isEqual: Equality },
): void {
  const at = kept.findLastIndex(({ endedAtMs }) => endedAtMs <= ended.endedAtMs);
  const before = kept[at];
  const isNear = before !== undefined && ended.endedAtMs - before.endedAtMs < everyMs;
  if (isNear && isEqual(before.start, ended.start)) return;
  kept.splice(at + 1, 0, ended);
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
