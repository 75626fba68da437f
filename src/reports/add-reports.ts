// Adds reports to totals: sums, the state of each colo, and windows of five minutes. Nothing here knows
// of Redis, and the same reports in the same order come to the same.
import { families, type FamilyName, otherRoutes } from "../observe/families.ts";
import { addTo, partsOf, seriesOf, type Sums } from "../observe/sums.ts";
import type { StandingReport } from "./report-entry.ts";
import type { ColoState, Totals, Window } from "./totals.ts";

/** Some 400 KiB of text. What is beyond counts together, as other routes. */
export const seriesMax = 8_192;

/** Of one window, which has counters alone. */
const windowSeriesMax = 2_048;

export const windowMs = 300_000;
const windowsMax = 3;

/** Cloudflare has some 330. */
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
]);

/** What adding came upon that an operator should hear of. */
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
    addTo(sums, seriesOf("reports", [colo]));
    for (const [series, count] of report.sums) {
      if (addBounded(sums, series, { count, max: seriesMax })) isCrowded = true;
      if (!ofWindows.has(series.split("|", 1)[0] ?? "")) continue;
      addBounded(window, series, { count, max: windowSeriesMax });
    }
    setNewest(colos, colo, { atMs, ...gauges });
  }
  const { startedAtMs } = totals;
  return { startedAtMs, sums, colos, windows: newestFirst(windows), odd: { foreign, isCrowded } };
}

/** @returns whether it had no room under its own name */
function addBounded(
  sums: Sums,
  series: string,
  { count, max }: { count: number; max: number },
): boolean {
  const hasRoom = sums.size < max || sums.has(series);
  const name = hasRoom ? series : elsewhere(series);
  if (name !== undefined) addTo(sums, name, count);
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

/** The last to tell counts. Who has told nothing for a day before it is forgotten. */
function setNewest(colos: Map<string, ColoState>, colo: string, state: ColoState): void {
  colos.delete(colo);
  colos.set(colo, state);
  for (const [name, { atMs }] of colos) {
    const isTooMany = colos.size > colosMax;
    if (isTooMany || state.atMs - atMs >= coloForgottenAfterMs) colos.delete(name);
  }
}

function newestFirst(windows: ReadonlyMap<number, Sums>): Window[] {
  const all = Array.from(windows, ([fromAtMs, sums]) => ({ fromAtMs, sums }));
  return all.sort((a, b) => b.fromAtMs - a.fromAtMs).slice(0, windowsMax);
}
