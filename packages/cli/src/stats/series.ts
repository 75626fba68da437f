// Reads a site's metrics: sums of counters, and quantiles of durations that are counted in buckets.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { families, type FamilyName } from "../../../../src/protocol/families.ts";

type Labels = Readonly<Record<string, string>>;

/** Returns the sum of a counter's series with all of these labels. */
export function countOf(
  metrics: OperatorAnswer<"metrics">,
  family: FamilyName,
  labels: Labels = {},
): number {
  return metrics.counters
    .filter((one) => one.name === families[family].name && hasLabels(one.labels, labels))
    .reduce((sum, { value }) => sum + value, 0);
}

/** Returns the values of a label in a counter's series with their sums, the largest first. */
export function countsBy(
  metrics: OperatorAnswer<"metrics">,
  family: FamilyName,
  label: string,
  labels: Labels = {},
): { value: string; count: number }[] {
  const ofFamily = metrics.counters.filter(
    (one) => one.name === families[family].name && hasLabels(one.labels, labels),
  );
  const values = new Set(ofFamily.map((one) => one.labels[label] ?? ""));
  return [...values]
    .map((value) => ({ value, count: countOf(metrics, family, { ...labels, [label]: value }) }))
    .toSorted((a, b) => b.count - a.count);
}

/** Returns the buckets of each histogram with all of these labels. */
export function bucketsOf(
  { histograms }: OperatorAnswer<"metrics">,
  family: FamilyName,
  labels: Labels = {},
): (readonly number[])[] {
  return histograms
    .filter((one) => one.name === families[family].name && hasLabels(one.labels, labels))
    .map((one) => one.counts);
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}

/** Adds counts bucket by bucket. */
export function addedCounts(all: readonly (readonly number[])[]): number[] {
  const sums: number[] = [];
  for (const counts of all) {
    for (const [at, count] of counts.entries()) sums[at] = (sums[at] ?? 0) + count;
  }
  return sums;
}

/**
 * Returns a quantile, interpolated linearly within its bucket, as `histogram_quantile` of
 * Prometheus does.
 *
 * @param share from 0 to 1
 * @param counts one for each bound, and a last one for larger values
 * @returns seconds; `Infinity` above the last bound, `undefined` if all counts are 0
 */
export function quantileSeconds(
  share: number,
  counts: readonly number[],
  boundsSeconds: readonly number[],
): number | undefined {
  const rank = share * counts.reduce((sum, count) => sum + count, 0);
  let belowCount = 0;
  for (const [at, count] of counts.entries()) {
    if (count > 0 && belowCount + count >= rank) {
      const aboveSeconds = boundsSeconds[at - 1] ?? 0;
      const upToSeconds = boundsSeconds[at] ?? Infinity;
      if (upToSeconds === Infinity) return Infinity;
      return aboveSeconds + ((upToSeconds - aboveSeconds) * (rank - belowCount)) / count;
    }
    belowCount += count;
  }
  return undefined;
}
