// The hit rates of all isolates in the last minutes: of the site, by route, by the first segment of the path, and by
// namespace of data.
import { isoOf } from "../../../base/iso-date.ts";
import { countedIn, recentWindows, type SeriesCount } from "../../../observe/reports/totals.ts";
import type { Sums } from "../../../observe/sums.ts";
import type { OperatorAnswer } from "../../../protocol/answers.ts";
import { hitOutcomes, notLookedUp } from "../../../protocol/families.ts";
import { otherPrefixes, prefixesIn } from "../reports/prefix-counts.ts";
import type { SiteState } from "./site-state.ts";

type HitRates = NonNullable<OperatorAnswer<"health">["hitRates"]>;

/** The rows of a list. The other prefixes and the other routes come together. */
const rowsMax = 32;

/** Hits of pages, and of data. */
const hitResults: readonly string[] = [...hitOutcomes, "stale"];

/** Returns the rates; `undefined` without the counts of all isolates. */
export function hitRatesOf(state: SiteState): HitRates | undefined {
  if (state.totals === undefined) return undefined;
  const windows = recentWindows(state);
  const counted = (of: (sums: Sums) => SeriesCount[]) => windows.flatMap(({ sums }) => of(sums));
  const pages = counted((sums) => countedIn(sums, "requests"));
  const sinceAtMs = Math.min(...windows.map(({ fromAtMs }) => fromAtMs));
  return {
    since: windows.length === 0 ? null : isoOf(sinceAtMs),
    all: rateOf(pages),
    routes: ratesBy(pages),
    prefixes: ratesBy(counted(prefixesIn)),
    namespaces: ratesBy(counted((sums) => countedIn(sums, "dataRequests"))),
  };
}

/** The first label is the name, the second the result. */
function rateOf(counts: readonly SeriesCount[]) {
  let [requests, hits] = [0, 0];
  for (const { labels, count } of counts) {
    const [, result = ""] = labels;
    if (!notLookedUp.includes(result)) requests += count;
    if (hitResults.includes(result)) hits += count;
  }
  return { requests, hits, hitRate: requests === 0 ? null : hits / requests };
}

/** Returns the names with most requests first. */
function ratesBy(counts: readonly SeriesCount[]) {
  const groups = Map.groupBy(counts, ({ labels: [name = ""] }) => name);
  const rows = Array.from(groups, ([name, of]) => ({ name, ...rateOf(of) }));
  const named = rows
    .filter(({ name, requests }) => requests > 0 && name !== otherPrefixes)
    .toSorted((a, b) => b.requests - a.requests);
  const shown = new Set(named.slice(0, rowsMax).map(({ name }) => name));
  const others = counts.filter(({ labels: [name = ""] }) => !shown.has(name));
  const rest = { name: otherPrefixes, ...rateOf(others) };
  return [...named.slice(0, rowsMax), ...(rest.requests > 0 ? [rest] : [])];
}
