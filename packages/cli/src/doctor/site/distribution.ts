// Reads the metrics of a site: sums of counters by a label, and quantiles of its histograms.
import type { MetricsTold } from "../../../../../src/admin/protocol.ts";
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
  /**
   * The bucket in which a share of the durations has come.
   *
   * @param share 0 to 1
   * @returns its bounds in seconds; `Infinity` for what is above all of them
   */
  readonly quantile: (share: number) => { aboveSeconds: number; upToSeconds: number };
}

/** @param slowest how many more there were that took longer than all bounds */
export function distributionOf(
  metrics: MetricsTold,
  family: FamilyName,
  labels: Labels = {},
  slowest = 0,
): Distribution {
  const counts = [...metrics.boundsSeconds, Infinity].map(() => 0);
  for (const one of metrics.histograms) {
    if (one.name !== families[family].name || !hasLabels(one.labels, labels)) continue;
    for (const [at, count] of one.counts.entries()) counts[at] = (counts[at] ?? 0) + count;
  }
  counts[counts.length - 1] = (counts.at(-1) ?? 0) + slowest;
  const count = counts.reduce((sum, one) => sum + one, 0);
  const bound = (at: number) => metrics.boundsSeconds[at] ?? Infinity;
  const quantile = (share: number) => {
    let sum = 0;
    for (const [at, one] of counts.entries()) {
      sum += one;
      if (one > 0 && sum >= share * count) {
        return { aboveSeconds: at === 0 ? 0 : bound(at - 1), upToSeconds: bound(at) };
      }
    }
    return { aboveSeconds: 0, upToSeconds: 0 };
  };
  return { count, quantile };
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
