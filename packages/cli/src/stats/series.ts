// Reads the metrics of a site: those series of a family that have some labels.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { families, type FamilyName } from "../../../../src/protocol/families.ts";

export type Labels = Readonly<Record<string, string>>;

/** @returns the sum of a counter's series that have all of these labels */
export function countOf(
  metrics: OperatorAnswer<"metrics">,
  family: FamilyName,
  labels: Labels = {},
): number {
  return metrics.counters
    .filter((one) => one.name === families[family].name && hasLabels(one.labels, labels))
    .reduce((sum, { value }) => sum + value, 0);
}

/** @returns the values that a label has in the series of a counter, with their sums, the largest first */
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

/** @returns the buckets of each histogram that has all of these labels */
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
