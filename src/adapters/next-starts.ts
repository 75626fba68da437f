// Keeps the starts of recent lookups, for loads that Next.js begins after them.
import type { GivenStart } from "../data/load/make-record.ts";

/** A lookup that has ended. */
export interface LookupEnd {
  /** By `nextNowMs`. */
  readonly endedAtMs: number;
  /** Covers loads of any key that begin after the end. */
  readonly start: GivenStart;
}

type Equality = (one: LookupEnd, other: LookupEnd) => boolean;

const startsMax = 5_000;
const keysMax = 5_000;
const changesPerKeyMax = 16;
/** A start within this time of one at the same place is not kept: the earlier one also covers its loads. */
const everyMs = 1_000;

/** Returns epoch milliseconds by the clock of `timestamp` in Next.js, which never goes back. */
export const nextNowMs = (): number => performance.timeOrigin + performance.now();

/** All lists are in the order of the ends. */
export class RecentStarts {
  readonly #starts: LookupEnd[] = [];
  /** The lookups that found another value than the one before. The least recently looked up key is first. */
  readonly #changes = new Map<string, LookupEnd[]>();

  keep(ended: LookupEnd): void {
    add(ended, this.#starts, { max: startsMax, isEqual: isAtEqualPlace });
  }

  /** Keeps a start, and the value of the key that the lookup found. */
  keepFound(key: string, ended: LookupEnd): void {
    this.keep(ended);
    const changes = this.#changes.get(key) ?? [];
    this.#changes.delete(key);
    this.#changes.set(key, changes);
    add(ended, changes, { max: changesPerKeyMax, isEqual: hasEqualValue });
    const [oldest] = this.#changes.keys();
    if (this.#changes.size > keysMax && oldest !== undefined) this.#changes.delete(oldest);
  }

  /** Returns the start of a load that began at this time; `undefined` if no lookup ended before. */
  of(atMs: number, key?: string): GivenStart | undefined {
    const start = lastBefore(atMs, this.#starts);
    const changes = (key !== undefined && this.#changes.get(key)) || [];
    return start && { ...start, over: lastBefore(atMs, changes)?.over };
  }
}

function lastBefore(atMs: number, kept: readonly LookupEnd[]): GivenStart | undefined {
  return kept.findLast(({ endedAtMs }) => endedAtMs <= atMs)?.start;
}

function add(
  ended: LookupEnd,
  kept: LookupEnd[],
  { max, isEqual }: { readonly max: number; readonly isEqual: Equality },
): void {
  const before = kept.at(-1);
  if (before !== undefined && isEqual(before, ended)) return;
  kept.push(ended);
  if (kept.length > max) kept.shift();
}

function hasEqualValue({ start: { over: one } }: LookupEnd, { start: { over: other } }: LookupEnd) {
  return one?.respondedAtMs === other?.respondedAtMs && one?.bodyDigest === other?.bodyDigest;
}

function isAtEqualPlace(one: LookupEnd, other: LookupEnd): boolean {
  const isNear = other.endedAtMs - one.endedAtMs < everyMs;
  const isRefusedEqual = one.start.refusedCount === other.start.refusedCount;
  return isNear && isRefusedEqual && positionOf(one) === positionOf(other);
}

function positionOf({ start: { stamp } }: LookupEnd): string {
  return stamp === "none" ? stamp : stamp.position;
}
