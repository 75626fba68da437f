// Selects series of a site's metrics by family and labels.
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { families, type FamilyName } from "../../../../src/protocol/families.ts";

export type Labels = Readonly<Record<string, string>>;

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
