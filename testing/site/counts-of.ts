// The counts of a site, by family.
import type { FamilyName } from "../../src/protocol/families.ts";
import type { Site } from "./harness.ts";

/** Returns what was counted since the last call, of these families alone. */
export function countsOf(site: Site, ...families: readonly FamilyName[]): Record<string, number> {
  const all = Object.entries(site.counted());
  const isAsked = (series: string) => families.includes(series.split("|")[0] as FamilyName);
  return Object.fromEntries(all.filter(([series]) => isAsked(series)));
}
