// Converts the sums of all isolates into samples and distributions by family, for all output
// formats.
import type { Family, FamilyName } from "../protocol/families.ts";
import { boundsMs } from "../observe/histogram.ts";
import { partsOf, type Sums } from "../observe/sums.ts";
import type { Distribution, Sample } from "./text-format.ts";

/** Upper bounds of all histograms' buckets. */
export const boundsSeconds = boundsMs.map((ms) => ms / 1_000);

/**
 * The parts of a series' name after the family, and the series' count. The parts are the label
 * values. A histogram's series also has `sum` or the name of a bucket.
 */
type LabelledCount = readonly [rest: readonly string[], count: number];

export function seriesByFamily(sums: Sums): ReadonlyMap<FamilyName, readonly LabelledCount[]> {
  const byFamily = new Map<FamilyName, LabelledCount[]>();
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts === undefined) continue;
    const counts = byFamily.get(parts.family) ?? [];
    counts.push([parts.rest, count]);
    byFamily.set(parts.family, counts);
  }
  return byFamily;
}

/** Returns a counter's samples. A counter without labels always has a sample. */
export function samplesOf({ labels: names }: Family, counts: readonly LabelledCount[]): Sample[] {
  const samples = counts
    .filter(([labels]) => labels.length === names.length)
    .map(([labels, value]) => ({ labels, value }));
  return samples.length === 0 && names.length === 0 ? [{ labels: [], value: 0 }] : samples;
}

/**
 * Returns a histogram's distributions. Each distribution has a count per bound, and one more for
 * durations above the last bound.
 */
export function distributionsOf(
  { labels: names }: Family,
  counts: readonly LabelledCount[],
): Distribution[] {
  const found = new Map<string, { labels: readonly string[]; counts: number[]; sum: number }>();
  for (const [rest, value] of counts) {
    const labels = rest.slice(0, -1);
    const part = rest.at(-1) ?? "";
    const bucket = bucketIn(part);
    if (labels.length !== names.length || (bucket === undefined && part !== "sum")) continue;
    const key = labels.join("|");
    const one = found.get(key) ?? { labels, counts: noCounts(), sum: 0 };
    found.set(key, one);
    if (bucket === undefined) one.sum += value;
    else one.counts[bucket] = (one.counts[bucket] ?? 0) + value;
  }
  return [...found.values()];
}

const noCounts = () => [...boundsSeconds, Infinity].map(() => 0);

/** Returns a bucket's index from its name, such as 7 for `b7`; `undefined` for any other part. */
function bucketIn(part: string): number | undefined {
  const index = /^b\d{1,3}$/.test(part) ? Number(part.slice(1)) : undefined;
  return index === undefined || index > boundsSeconds.length ? undefined : index;
}
