// What all isolates have told, in the form that Prometheus scrapes.
import { families, type Family, type FamilyName } from "../observe/families.ts";
import { boundsMs } from "../observe/histogram.ts";
import { partsOf, type Sums } from "../observe/sums.ts";
import { gauges, type Shown } from "./gauges.ts";
import { type Distribution, familyText, histogramText, type Sample } from "./text-format.ts";

const boundsSeconds = boundsMs.map((ms) => ms / 1_000);

/**
 * The body of a scrape: every family that has samples, by the tables `families` and `gauges`. A counter
 * without labels is there from the beginning. What another version has told is left out: series of
 * families, labels or buckets that this one does not know.
 *
 * @returns text in the format 0.0.4
 */
export function prometheusText(shown: Shown): string {
  const byFamily = seriesByFamily(shown.totals.sums);
  const counted = Object.entries(families).map(([name, family]: [string, Family]) => {
    const told = byFamily.get(name as FamilyName) ?? [];
    return family.kind === "counter"
      ? familyText(family, samplesOf(family, told))
      : histogramText(family, boundsSeconds, distributionsOf(family, told));
  });
  return [...counted, ...gauges.map((gauge) => familyText(gauge, gauge.samples(shown)))].join("");
}

/** The values of its labels, of a histogram then what of it is told; and the count. */
type Told = readonly [rest: readonly string[], count: number];

function seriesByFamily(sums: Sums): ReadonlyMap<FamilyName, readonly Told[]> {
  const byFamily = new Map<FamilyName, Told[]>();
  for (const [series, count] of sums) {
    const parts = partsOf(series);
    if (parts === undefined) continue;
    const told = byFamily.get(parts.family) ?? [];
    told.push([parts.rest, count]);
    byFamily.set(parts.family, told);
  }
  return byFamily;
}

function samplesOf({ labels: names }: Family, told: readonly Told[]): Sample[] {
  const samples = told
    .filter(([labels]) => labels.length === names.length)
    .map(([labels, value]) => ({ labels, value }));
  return samples.length === 0 && names.length === 0 ? [{ labels: [], value: 0 }] : samples;
}

function distributionsOf({ labels: names }: Family, told: readonly Told[]): Distribution[] {
  const found = new Map<string, { labels: readonly string[]; counts: number[]; sum: number }>();
  for (const [rest, value] of told) {
    const labels = rest.slice(0, -1);
    const part = rest.at(-1) ?? "";
    const bucket = bucketIn(part);
    if (labels.length !== names.length || (bucket === undefined && part !== "sum")) continue;
    const key = labels.join("|");
    const one = found.get(key) ?? { labels, counts: boundsSeconds.map(() => 0), sum: 0 };
    found.set(key, one);
    if (bucket === undefined) one.sum += value;
    else one.counts[bucket] = (one.counts[bucket] ?? 0) + value;
  }
  return [...found.values()];
}

/** @returns the index that `b7` stands for; `undefined` for what is none of ours */
function bucketIn(part: string): number | undefined {
  const index = /^b\d{1,3}$/.test(part) ? Number(part.slice(1)) : undefined;
  return index === undefined || index > boundsSeconds.length ? undefined : index;
}
