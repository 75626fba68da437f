// The metrics of all isolates as plain data, with the samples of the Prometheus text.
import { families, type Family, type FamilyName } from "../protocol/families.ts";
import { isoOf } from "../base/iso-date.ts";
import { gauges, type ScrapeData } from "./gauges.ts";
import { boundsSeconds, distributionsOf, samplesOf, seriesByFamily } from "./samples.ts";

type Labels = Readonly<Record<string, string>>;

/** Returns counters, gauges and histograms. Skips series that this version does not know. */
export function metricsAnswer(shown: ScrapeData, atMs: number) {
  const byFamily = seriesByFamily(shown.totals.sums);
  const familyAnswers = Object.entries(families).map(([name, family]: [string, Family]) => ({
    family,
    series: byFamily.get(name as FamilyName) ?? [],
  }));
  return {
    startedAt: isoOf(shown.totals.startedAtMs),
    at: isoOf(atMs),
    counters: familyAnswers.flatMap(({ family, series }) =>
      family.kind === "counter" ? samplesOf(family, series).map(named(family)) : [],
    ),
    gauges: gauges.flatMap((gauge) => gauge.samples(shown).map(named(gauge))),
    boundsSeconds,
    histograms: familyAnswers.flatMap(({ family, series }) =>
      family.kind === "histogram" ? distributionsOf(family, series).map(named(family)) : [],
    ),
  };
}

/** Returns a function that adds the family's name to a sample, and names its labels. */
function named({ name, labels: names }: Pick<Family, "name" | "labels">) {
  return <Data extends { readonly labels: readonly string[] }>({ labels, ...rest }: Data) => {
    const byName: Labels = Object.fromEntries(names.map((label, at) => [label, labels[at] ?? ""]));
    return { name, labels: byName, ...rest };
  };
}
