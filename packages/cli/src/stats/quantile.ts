// Computes quantiles of durations that are counted in buckets.

/** Adds counts bucket by bucket. */
export function addedCounts(all: readonly (readonly number[])[]): number[] {
  const sums: number[] = [];
  for (const counts of all) {
    for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count;
  }
  return sums;
}

/** The bucket that contains a quantile. */
export interface Bucket {
  readonly aboveSeconds: number;
  /** `Infinity` for the last bucket. */
  readonly upToSeconds: number;
  /** The count of all buckets before this one, and the count of this bucket. */
  readonly belowCount: number;
  readonly count: number;
}

/**
 * @param share from 0 to 1
 * @param counts one for each bound, and a last one for larger values
 * @returns `undefined` if all counts are 0
 */
export function bucketAt(
  share: number,
  counts: readonly number[],
  boundsSeconds: readonly number[],
): Bucket | undefined {
  const rank = share * sumOf(counts);
  let belowCount = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && belowCount + count >= rank) {
      const aboveSeconds = boundsSeconds[at - 1] ?? 0;
      return { aboveSeconds, upToSeconds: boundsSeconds[at] ?? Infinity, belowCount, count };
    }
    belowCount += count;
  }
  return undefined;
}

/**
 * Returns a quantile, interpolated linearly within its bucket, as `histogram_quantile` of
 * Prometheus does.
 *
 * @returns seconds; `Infinity` above the last bound, `undefined` if all counts are 0
 */
export function quantileSeconds(
  share: number,
  counts: readonly number[],
  boundsSeconds: readonly number[],
): number | undefined {
  const bucket = bucketAt(share, counts, boundsSeconds);
  if (bucket === undefined || bucket.upToSeconds === Infinity) return bucket?.upToSeconds;
  const { aboveSeconds, upToSeconds, belowCount, count } = bucket;
  const part = (share * sumOf(counts) - belowCount) / count;
  return aboveSeconds + (upToSeconds - aboveSeconds) * part;
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
