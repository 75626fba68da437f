// The state of a healthy site, for tests that change a part of it.
import type { SiteState } from "../../../../src/parts/operate/health/site-state.ts";
import { seriesOf, type Sums } from "../../../../src/observe/sums.ts";
import { added } from "../../../../src/parts/operate/reports/folding.ts";
import type { ColoState, Totals } from "../../../../src/observe/reports/totals.ts";
import type { FamilyName } from "../../../../src/protocol/families.ts";

/** A multiple of five minutes. */
export const atMs = Date.UTC(2030, 0, 1, 12);
export const minuteMs = 60_000;

export function lookedAt(more: Partial<SiteState> = {}): SiteState {
  return {
    atMs,
    renewalLagMs: 10_000,
    allowanceMs: 1_000,
    clients: [],
    view: undefined,
    routeNames: ["news", "shop"],
    originNames: ["default"],
    usableOrigins: new Set(["default"]),
    openBreakers: [],
    originTroubles: new Map(),
    refusingAnonymous: new Map(),
    notes: () => [],
    tiers: [],
    parts: [],
    data: undefined,
    needsCron: false,
    faults: [],
    bypass: false,
    ...more,
  };
}

/** A series, which is a family with labels, and its count. */
export type Row = readonly [family: FamilyName, labels: readonly string[], count: number];

const sumsOf = (rows: readonly Row[]): Sums =>
  new Map(rows.map(([family, labels, count]) => [seriesOf(family, labels), count]));

/**
 * Returns totals whose windows have only the families that folding keeps.
 *
 * @param windows the rows of each window, by the minutes since its start
 */
export function totalsOf(
  windows: Readonly<Record<number, readonly Row[]>>,
  more: Partial<Totals> = {},
): Totals {
  return {
    startedAtMs: atMs - 24 * 60 * minuteMs,
    sums: new Map(),
    colos: new Map([["HAM", coloState({})]]),
    windows: Object.entries(windows).map(([minutes, rows]) => ({
      fromAtMs: atMs - Number(minutes) * minuteMs,
      sums: folded(sumsOf(rows)),
    })),
    ...more,
  };
}

function folded(sums: Sums): Sums {
  const { atMs: _, ...gauges } = coloState({});
  const report = { n: "n", colo: "HAM", coversMs: 0, sums, gauges };
  const nothing = { startedAtMs: 0, sums: new Map(), colos: new Map(), windows: [] };
  const { windows } = added(nothing, [{ id: "1-0", n: "n", atMs: 1, report }]);
  return windows[0]?.sums ?? new Map();
}

export function coloState(more: Partial<ColoState>): ColoState {
  return {
    atMs: atMs - minuteMs,
    lagMs: null,
    lagWorstMs: null,
    viewAgeMs: 1_000,
    memoryBytes: 0,
    memoryRecords: 0,
    ...more,
  };
}
