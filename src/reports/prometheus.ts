// What all isolates have told, in the form that Prometheus scrapes.
import { families, type Family, type FamilyName } from "../protocol/families.ts";
import { gauges, type Shown } from "./gauges.ts";
import { boundsSeconds, distributionsOf, samplesOf, seriesByFamily } from "./samples.ts";
import { familyText, histogramText } from "./text-format.ts";

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
