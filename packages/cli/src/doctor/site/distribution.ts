// Reads the metrics of a site: sums of counters by a label, and quantiles of its histograms.
import type { MetricsTold } from "../../../../../src/admin/protocol.ts";
import { addedCounts, type Bucket, bucketAt, sumOf } from "../../stats/quantile.ts";
import { families, type FamilyName } from "../../../../../src/observe/families.ts";

type Labels = Readonly<Record<string, string>>;

/** @returns the sum of a counter's series that have all of these labels */
export function countOf(metrics: MetricsTold, family: FamilyName, labels: Labels = {}): number {
  return metrics.counters
    .filter((one) => one.name === families[family].name && hasLabels(one.labels, labels))
    .reduce((sum, { value }) => sum + value, 0);
}

/** @returns the values that a label has in the series of a counter, with their sums, the largest first */
export function countsBy(
  metrics: MetricsTold,
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

/** Durations, in the buckets of all histograms. */
export interface Distribution {
  readonly count: number;
  /** @param share 0 to 1. @returns the bucket in which that share of them has come */
  readonly quantile: (share: number) => Pick<Bucket, "aboveSeconds" | "upToSeconds">;
}

/** @param slowest how many more there were that took longer than all bounds */
export function distributionOf(
  { boundsSeconds, histograms }: MetricsTold,
  family: FamilyName,
  labels: Labels = {},
  slowest = 0,
): Distribution {
  const counted = histograms
    .filter((one) => one.name === families[family].name && hasLabels(one.labels, labels))
    .map(({ counts }) => counts);
  const counts = addedCounts([...counted, [...boundsSeconds.map(() => 0), slowest]]);
  return {
    count: sumOf(counts),
    quantile: (share) =>
      bucketAt(share, counts, boundsSeconds) ?? { aboveSeconds: 0, upToSeconds: 0 },
  };
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
