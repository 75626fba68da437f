// Converts the sums of all isolates into samples and distributions by family, for every output format.
import type { Family, FamilyName } from "../protocol/families.ts";
import { boundsMs } from "../observe/histogram.ts";
import { partsOf, type Sums } from "../observe/sums.ts";
import type { Distribution, Sample } from "./text-format.ts";

/** Upper bounds of all histograms' buckets. */
export const boundsSeconds = boundsMs.map((ms) => ms / 1_000);

/** Label values, for a histogram followed by the part; and the count. */
type LabelledCount = readonly [rest: readonly string[], count: number];

export function seriesByFamily(sums: Sums): ReadonlyMap<FamilyName, readonly LabelledCount[]> {
  const byFamily = new Map<FamilyName, LabelledCount[]>();
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts === undefined) continue;
    const told = byFamily.get(parts.family) ?? [];
    told.push([parts.rest, count]);
    byFamily.set(parts.family, told);
  }
  return byFamily;
}

/** Returns samples. A counter without labels always has one. */
export function samplesOf({ labels: names }: Family, told: readonly LabelledCount[]): Sample[] {
  const samples = told
    .filter(([labels]) => labels.length === names.length)
    .map(([labels, value]) => ({ labels, value }));
  return samples.length === 0 && names.length === 0 ? [{ labels: [], value: 0 }] : samples;
}

/** Returns distributions. Each has one more count than bounds, for larger durations. */
export function distributionsOf(
  { labels: names }: Family,
  told: readonly LabelledCount[],
): Distribution[] {
  const found = new Map<string, { labels: readonly string[]; counts: number[]; sum: number }>();
  for (const [rest, value] of told) {
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

/** Returns the index in `b7`; `undefined` for an unknown part. */
function bucketIn(part: string): number | undefined {
  const index = /^b\d{1,3}$/.test(part) ? Number(part.slice(1)) : undefined;
  return index === undefined || index > boundsSeconds.length ? undefined : index;
}
