// Histograms of durations with fixed buckets, so that counts of all isolates can be added.

/** The smallest bound. Each further bound is √2 times the previous bound. */
const leastMs = 0.25;
/** The last finite bound is 65.536 s. One more bucket counts longer durations. */
const boundCount = 37;

/** The inclusive upper bounds of the buckets in milliseconds. One more bucket has no bound. */
export const boundsMs: readonly number[] = Array.from(
  { length: boundCount },
  (_, index) => leastMs * 2 ** (index / 2),
);

/**
 * Returns the bucket's index for a duration.
 *
 * @param tookMs milliseconds; 0 and below belong to the first bucket
 * @returns `boundsMs.length` above the last bound
 */
export function bucketOf(tookMs: number): number {
  if (!(tookMs > leastMs)) return 0;
  // The logarithm may be rounded wrongly, so compare with the bounds. A duration equal to a bound
  // belongs to that bound's bucket.
  const near = Math.min(boundCount, Math.max(0, Math.round(2 * Math.log2(tookMs / leastMs))));
  const bound = boundsMs[near];
  return bound !== undefined && tookMs > bound ? near + 1 : lowered(tookMs, near);
}

/** A histogram in numbers, which is cheaper to add to than to `Sums`. */
export class Durations {
  /** By bucket. */
  readonly counts: number[] = Array.from({ length: boundCount + 1 }, () => 0);
  /** The sum of the durations. */
  seconds = 0;

  add(tookMs: number): void {
    const bucket = bucketOf(tookMs);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.seconds += tookMs / 1_000;
  }
}

function lowered(tookMs: number, near: number): number {
  const below = boundsMs[near - 1];
  return below !== undefined && tookMs <= below ? near - 1 : near;
}
