// Additive counts of an isolate, a report or the totals. A series is a family with label values.
// Each bucket of a histogram is a series. The sum of its durations is also a series.
import { type FamilyName, families } from "../protocol/families.ts";
import { bucketOf, type Durations } from "./histogram.ts";

/**
 * Counts by series: `requests|route|hit|memory` for a counter, `originSeconds|route|b7` for bucket
 * 7 of a histogram, `originSeconds|route|sum` for the sum of its durations in seconds.
 */
export type Sums = Map<string, number>;

/**
 * The maximum number of series in an isolate and in the totals, whose text is then about 400 KiB.
 * Further series of routes are counted under one common route.
 */
export const seriesMax = 8_192;

/** Separates the parts of a series. Label values never contain it. */
const separator = "|";

/**
 * Returns the name of a series.
 *
 * @param labels in the family's order
 */
export function seriesOf(family: FamilyName, labels: readonly string[]): string {
  let series: string = family;
  for (const label of labels) series += separator + withoutSeparator(label);
  return series;
}

/** Parses a series' name. Returns `undefined` for a family that this version does not have. */
export function partsOf(
  series: string,
): { family: FamilyName; rest: readonly string[] } | undefined {
  const [family = "", ...rest] = series.split(separator);
  return Object.hasOwn(families, family) ? { family: family as FamilyName, rest } : undefined;
}

/** Returns the series of one family. */
export function* seriesIn(sums: ReadonlyMap<string, number>, family: FamilyName) {
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts?.family === family) yield { labels: parts.rest, count };
  }
}

export function addTo(sums: Sums, series: string, count = 1): void {
  sums.set(series, (sums.get(series) ?? 0) + count);
}

/** Counts a duration. `series` names the histogram and its labels, without a bucket. */
export function addDuration(sums: Sums, series: string, tookMs: number): void {
  addTo(sums, `${series}${separator}b${bucketOf(tookMs)}`);
  addTo(sums, `${series}${separator}sum`, tookMs / 1_000);
}

/** Adds a histogram. `series` as in `addDuration`. */
export function addDurations(sums: Sums, series: string, { counts, seconds }: Durations): void {
  for (const [bucket, count] of counts.entries()) {
    if (count > 0) addTo(sums, `${series}${separator}b${bucket}`, count);
  }
  addTo(sums, `${series}${separator}sum`, seconds);
}

/** Returns whether a counter's series exists, or any series of a histogram with these labels. */
export function isIn(sums: Sums, series: string): boolean {
  return sums.has(series) || sums.has(`${series}${separator}sum`);
}

export function addAll(sums: Sums, more: Iterable<readonly [series: string, count: number]>): void {
  for (const [series, count] of more) addTo(sums, series, count);
}

/** Converts growing counts into increments. */
export class Rises {
  readonly #previous: Sums = new Map();

  /** Returns how much each count has grown since the last call. */
  since(counts: Iterable<readonly [series: string, count: number]>): Sums {
    const risen: Sums = new Map();
    for (const [series, count] of counts) {
      const by = count - (this.#previous.get(series) ?? 0);
      if (by > 0) addTo(risen, series, by);
      this.#previous.set(series, count);
    }
    return risen;
  }
}

const withoutSeparator = (label: string): string =>
  label.includes(separator) ? label.replaceAll(separator, "_") : label;
