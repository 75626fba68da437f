// The metrics of all isolates in Prometheus' format.
import { families, type Family, type FamilyName } from "../protocol/families.ts";
import { gauges, type ScrapeData } from "./gauges.ts";
import { boundsSeconds, distributionsOf, samplesOf, seriesByFamily } from "./samples.ts";
import { familyText, histogramText } from "./text-format.ts";

/**
 * Builds the body of a scrape from the families and gauges with samples. Counters without labels
 * are always present. Skips series of other versions.
 *
 * @returns text format 0.0.4
 */
export function prometheusText(shown: ScrapeData): string {
  const byFamily = seriesByFamily(shown.totals.sums);
  const counted = Object.entries(families).map(([name, family]: [string, Family]) => {
    const counts = byFamily.get(name as FamilyName) ?? [];
    return family.kind === "counter"
      ? familyText(family, samplesOf(family, counts))
      : histogramText(family, boundsSeconds, distributionsOf(family, counts));
  });
  return [...counted, ...gauges.map((gauge) => familyText(gauge, gauge.samples(shown)))].join("");
}
