// Durations in fixed buckets: the same in every isolate, so that their counts add up.

/** The smallest bound; each next one is √2 times as large. */
const leastMs = 0.25;
/** The last finite bound is 65.536 s; what took longer counts above all bounds. */
const boundCount = 37;

/** The upper bounds of the buckets in milliseconds, each included; one more bucket has what is above them. */
export const boundsMs: readonly number[] = Array.from(
  { length: boundCount },
  (_, index) => leastMs * 2 ** (index / 2),
);

/**
 * The bucket of a duration.
 *
 * @param tookMs milliseconds; what is not above 0 counts in the first bucket
 * @returns the index of its bound, or `boundsMs.length` for what is above them all
 */
export function bucketOf(tookMs: number): number {
  if (!(tookMs > leastMs)) return 0;
  // A logarithm may be off by a little, and a bound belongs to the bucket below it.
  const near = Math.min(boundCount, Math.max(0, Math.round(2 * Math.log2(tookMs / leastMs))));
  const bound = boundsMs[near];
  return bound !== undefined && tookMs > bound ? near + 1 : lowered(tookMs, near);
}

function lowered(tookMs: number, near: number): number {
  const below = boundsMs[near - 1];
  return below !== undefined && tookMs <= below ? near - 1 : near;
}
