// Adds reports to totals: sums, the state of each colo, and windows of five minutes. This code is
// deterministic, and uses neither Redis nor a clock.
import { isWithinMs } from "../base/elapsed.ts";
import { families, type FamilyName, otherRoutes } from "../protocol/families.ts";
import { addTo, partsOf, seriesOf, type Sums } from "../observe/sums.ts";
import type { StandingReport } from "./report-entry.ts";
import type { ColoState, Totals, Window } from "./totals.ts";

/**
 * The maximum number of series, which take about 400 KiB of text. Further series are counted under
 * a common route.
 */
export const seriesMax = 8_192;

/** Additional series: those under the common route, and the few hundred series without a route. */
const seriesBesideMax = 1_024;

/** The maximum number of series in one window, which has only counters. */
const windowSeriesMax = 2_048;

export const windowMs = 300_000;
const windowsMax = 3;

/** The maximum number of colos. Cloudflare has about 330. */
const colosMax = 1_024;
const coloForgottenAfterMs = 86_400_000;

/** The families whose recent counts the health check uses. */
const ofWindows: ReadonlySet<string> = new Set<FamilyName>([
  "requests",
  "prefixRequests",
  "staleIfError",
  "unverified",
  "originResponses",
  "reportsLost",
  "operatorRefusals",
  "brokenSeals",
  "purgeProbes",
]);

/** The problems that were found while adding reports. */
export interface ReportAnomalies {
  /** The number of entries that are not reports of this version. Each counts as a lost report. */
  readonly foreign: number;
  /** Whether there are more series than the totals can hold. */
  readonly isCrowded: boolean;
}

/**
 * Returns the totals including these reports.
 *
 * @param entries in the order of the stream
 */
export function added(
  totals: Totals,
  entries: readonly StandingReport[],
): Totals & { readonly odd: ReportAnomalies } {
  const sums = new Map(totals.sums);
  const colos = new Map(totals.colos);
  const windows = new Map(totals.windows.map(({ fromAtMs, sums: of }) => [fromAtMs, new Map(of)]));
  let foreign = 0;
  let isCrowded = false;
  for (const { report, atMs } of entries) {
    const fromAtMs = Math.floor(atMs / windowMs) * windowMs;
    const window = windows.get(fromAtMs) ?? new Map<string, number>();
    windows.set(fromAtMs, window);
    if (report === undefined) {
      foreign += 1;
      for (const to of [sums, window]) addTo(to, seriesOf("reportsLost", []));
      continue;
    }
    const { colo, gauges } = report;
    for (const [series, count] of [[seriesOf("reports", [colo]), 1] as const, ...report.sums]) {
      if (addBounded(sums, series, { count, max: seriesMax })) isCrowded = true;
    }
    for (const [series, count] of report.sums) {
      if (!ofWindows.has(series.split("|", 1)[0] ?? "")) continue;
      addBounded(window, series, { count, max: windowSeriesMax });
    }
    setNewest(colos, colo, { atMs, ...gauges });
  }
  const { startedAtMs } = totals;
  const upToAtMs = (entries.at(-1)?.atMs ?? Infinity) + windowMs;
  const newest = newestFirst(windows, upToAtMs);
  return { startedAtMs, sums, colos, windows: newest, odd: { foreign, isCrowded } };
}

/** Adds to a series. Returns whether there was no room for the series under its own name. */
function addBounded(
  sums: Sums,
  series: string,
  { count, max }: { count: number; max: number },
): boolean {
  const hasRoom = sums.size < max || sums.has(series);
  const name = hasRoom ? series : elsewhere(series);
  const isTaken = name !== undefined && (sums.has(name) || sums.size < max + seriesBesideMax);
  if (isTaken) addTo(sums, name, count);
  return !hasRoom;
}

/**
 * Returns the series under the common route. A series without a route stays the same. Returns
 * `undefined` for an unknown family, because its labels are unknown.
 */
function elsewhere(series: string): string | undefined {
  const parts = partsOf(series);
  if (parts === undefined) return undefined;
  const { family, rest } = parts;
  const labels: readonly string[] = families[family].labels;
  return [family, ...rest.map((part, at) => (labels[at] === "route" ? otherRoutes : part))].join(
    "|",
  );
}

/**
 * Replaces a colo's state. Removes colos without a report for a day, and the oldest if too many.
 */
function setNewest(colos: Map<string, ColoState>, colo: string, state: ColoState): void {
  colos.delete(colo);
  colos.set(colo, state);
  for (const [name, { atMs }] of colos) {
    const isTooMany = colos.size > colosMax;
    // If a report has a later time than this report, the clock has since been set back.
    if (isTooMany || !isWithinMs(coloForgottenAfterMs, atMs, state.atMs)) colos.delete(name);
  }
}

/**
 * Returns the windows, newest first.
 *
 * @param upToAtMs the latest valid start. A later window shows that the clock has since been set
 *   back
 */
function newestFirst(windows: ReadonlyMap<number, Sums>, upToAtMs: number): Window[] {
  const all = Array.from(windows, ([fromAtMs, sums]) => ({ fromAtMs, sums })).filter(
    ({ fromAtMs }) => fromAtMs <= upToAtMs,
  );
  return all.sort((a, b) => b.fromAtMs - a.fromAtMs).slice(0, windowsMax);
}
