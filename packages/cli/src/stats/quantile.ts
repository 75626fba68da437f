// Quantiles of durations that are counted in buckets.

/** @returns bucket by bucket */
export function addedCounts(all: readonly (readonly number[])[]): number[] {
  const sums: number[] = [];
  for (const counts of all) {
    for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count;
  }
  return sums;
}

/**
 * As `histogram_quantile` of Prometheus has it: within a bucket, durations are taken to lie evenly.
 *
 * @param share from 0 to 1
 * @param counts one for each bound, and one more for what is above them all
 * @returns seconds; `Infinity` where it is above all bounds, `undefined` where nothing is counted
 */
export function quantileSeconds(
  share: number,
  counts: readonly number[],
  boundsSeconds: readonly number[],
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (const [at, upper] of boundsSeconds.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = boundsSeconds[at - 1] ?? 0;
      return lower + (upper - lower) * ((rank - below) / count);
    }
    below += count;
  }
  return Infinity;
}
