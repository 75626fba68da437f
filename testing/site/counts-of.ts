// Selects counts of a site by their metric families.
import type { FamilyName } from "../../src/protocol/families.ts";
import type { Site } from "./harness.ts";

/** Returns the counts of only these families since the last call. */
export function countsOf(site: Site, ...families: readonly FamilyName[]): Record<string, number> {
  const all = Object.entries(site.counted());
  const isAsked = (series: string) => families.includes(series.split("|")[0] as FamilyName);
  return Object.fromEntries(all.filter(([series]) => isAsked(series)));
}
