// Adds reports to totals: sums, the state of each colo, and windows of five minutes. Nothing here knows
// of Redis, and the same reports in the same order come to the same.
import { isWithinMs } from "../base/elapsed.ts";
import { families, type FamilyName, otherRoutes } from "../protocol/families.ts";
import { addTo, partsOf, seriesOf, type Sums } from "../observe/sums.ts";
import type { StandingReport } from "./report-entry.ts";
import type { ColoState, Totals, Window } from "./totals.ts";

/** So many series make about 400 KiB of text. Further routes count together, as other routes. */
export const seriesMax = 8_192;

/** Beside them, of other routes and of what has no route: of ours there are a few hundred. */
const seriesBesideMax = 1_024;

/** Of one window, which has counters alone. */
const windowSeriesMax = 2_048;

export const windowMs = 300_000;
const windowsMax = 3;

/** The most colos. Cloudflare has some 330. */
const colosMax = 1_024;
const coloForgottenAfterMs = 86_400_000;

/** What health looks at. */
const ofWindows: ReadonlySet<string> = new Set<FamilyName>([
  "requests",
  "prefixRequests",
  "staleIfError",
  "unverified",
  "originResponses",
  "reportsLost",
  "operatorRefusals",
]);

/** What adding has found that an operator should hear of. */
export interface Odd {
  /** Entries that are no report of this version, and count as lost. */
  readonly foreign: number;
  /** There are more series than the totals hold. */
  readonly isCrowded: boolean;
}

/** @param entries in the order in which they stand. @returns new totals; the given ones stay */
export function added(
  totals: Totals,
  entries: readonly StandingReport[],
): Totals & { readonly odd: Odd } {
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

/** @returns whether it had no room under its own name */
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
 * @returns the series of other routes; itself where its family has no route; `undefined` for a
 *   family that this version does not know, of which nobody can say what may be put together
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

/** The newest state of a colo replaces the older one. A colo that has not reported for a day is forgotten. */
function setNewest(colos: Map<string, ColoState>, colo: string, state: ColoState): void {
  colos.delete(colo);
  colos.set(colo, state);
  for (const [name, { atMs }] of colos) {
    const isTooMany = colos.size > colosMax;
    // What is as far ahead was told by a clock that has been set back since.
    if (isTooMany || !isWithinMs(coloForgottenAfterMs, atMs, state.atMs)) colos.delete(name);
  }
}

/** @param upToAtMs what is later was told by a clock that has been set back since */
function newestFirst(windows: ReadonlyMap<number, Sums>, upToAtMs: number): Window[] {
  const all = Array.from(windows, ([fromAtMs, sums]) => ({ fromAtMs, sums })).filter(
    ({ fromAtMs }) => fromAtMs <= upToAtMs,
  );
  return all.sort((a, b) => b.fromAtMs - a.fromAtMs).slice(0, windowsMax);
}
