// Counts that add up: of one isolate, of a report, of all that was ever told. A series is a family
// with the values of its labels; a histogram's buckets and its sum are series of their own.
import { type FamilyName, families } from "./families.ts";
import { bucketOf } from "./histogram.ts";

/**
 * By series: `requests|route|hit|memory` for a counter, `originSeconds|route|b7` for the bucket of index
 * 7 of a histogram, `originSeconds|route|sum` for the sum of its durations in seconds.
 */
export type Sums = Map<string, number>;

/** Stands between the parts of a series' name; a label's value never has it. */
const separator = "|";

/** @param labels in the order of the family's */
export function seriesOf(family: FamilyName, labels: readonly string[]): string {
  return [family, ...labels.map(withoutSeparator)].join(separator);
}

/** @returns `undefined` for a series of a family that this version does not know */
export function partsOf(
  series: string,
): { family: FamilyName; rest: readonly string[] } | undefined {
  const [family = "", ...rest] = series.split(separator);
  return Object.hasOwn(families, family) ? { family: family as FamilyName, rest } : undefined;
}

export function addTo(sums: Sums, series: string, count = 1): void {
  sums.set(series, (sums.get(series) ?? 0) + count);
}

/** Counts a duration. @param series of the histogram, without a bucket */
export function addDuration(sums: Sums, series: string, tookMs: number): void {
  addTo(sums, `${series}${separator}b${bucketOf(tookMs)}`);
  addTo(sums, `${series}${separator}sum`, tookMs / 1_000);
}

/** Is anything counted in it? @param series of a counter, or of a histogram without a bucket */
export function isIn(sums: Sums, series: string): boolean {
  return sums.has(series) || sums.has(`${series}${separator}sum`);
}

export function addAll(sums: Sums, more: Iterable<readonly [series: string, count: number]>): void {
  for (const [series, count] of more) addTo(sums, series, count);
}

const withoutSeparator = (label: string): string => label.replaceAll(separator, "_");
