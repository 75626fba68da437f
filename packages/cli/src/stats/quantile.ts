// Quantiles of durations that are counted in buckets.

/** @returns bucket by bucket */
export function addedCounts(all: readonly (readonly number[])[]): number[] {
  const sums: number[] = [];
  for (const counts of all) {
    for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count;
  }
  return sums;
}

/** The bucket in which a share of the durations has come. */
export interface Bucket {
  readonly aboveSeconds: number;
  /** `Infinity` for what is above all bounds. */
  readonly upToSeconds: number;
  /** How many are in the buckets before it, and how many in it. */
  readonly belowCount: number;
  readonly count: number;
}

/**
 * @param share from 0 to 1
 * @param counts one for each bound, and one more for what is above them all
 * @returns `undefined` where nothing is counted
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
 * As `histogram_quantile` of Prometheus has it: within a bucket, durations are taken to lie evenly.
 *
 * @returns seconds; `Infinity` where it is above all bounds, `undefined` where nothing is counted
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
