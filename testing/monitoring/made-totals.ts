// Creates totals like those of a site with traffic, with series of every family in `families.ts`.
import { families, type Family, type FamilyName } from "../../src/protocol/families.ts";
import { addDuration, addTo, seriesOf, type Sums } from "../../src/observe/sums.ts";
import type { ColoState, Gauges, Totals } from "../../src/observe/reports/totals.ts";

/** Label values as isolates report them. All combinations are counted. */
const valuesOf: Readonly<Record<string, readonly string[]>> = {
  route: ["articles", "shop"],
  result: ["hit", "stale-hit", "collapsed", "validated", "forwarded", "stored", "passed", "failed"],
  kind: ["pages", "data"],
  tier: ["memory", "edge", "shared", "origin"],
  namespace: ["articles"],
  set: ["views"],
  by: ["answer", "cron"],
  reason: ["uri-miss", "stale", "bypass"],
  rule: ["private", "no-store"],
  class: ["2xx", "4xx", "5xx", "failed"],
  purpose: ["look-up", "fill", "journal read"],
  operation: ["read", "write"],
  call: ["put", "get", "head", "delete"],
  cause: ["timeout"],
  hook: ["shop"],
  target: ["edge"],
  outcome: ["delivered", "unavailable"],
  part: ["release"],
  flaw: ["missing", "wrong"],
  credential: ["bearer", "signature"],
  colo: ["HAM", "FRA"],
};

/** The gauges of an isolate without a journal and without records. */
export const noGauges: Gauges = {
  lagMs: null,
  lagWorstMs: null,
  viewAgeMs: null,
  memoryBytes: 0,
  memoryRecords: 0,
};

const tookMs = [0.4, 3, 18, 60, 240];

/** @param times the value of each counter, and the number of durations in each series */
export function madeTotals(
  times: number,
  { startedAtMs = 1_000_000, atMs = 2_000_000 } = {},
): Totals {
  const sums: Sums = new Map();
  for (const [name, family] of Object.entries(families) as [FamilyName, Family][]) {
    for (const labels of combinations(family.labels)) {
      const series = seriesOf(name, labels);
      if (family.kind === "counter") addTo(sums, series, times);
      else for (let at = 0; at < times; at += 1) addDuration(sums, series, tookMs[at % 5] ?? 0);
    }
  }
  return {
    startedAtMs,
    sums,
    colos: new Map([
      ["HAM", madeState(atMs)],
      ["FRA", madeState(atMs)],
    ]),
    windows: [],
  };
}

/** Returns the report of an isolate with a journal. */
export function madeState(atMs: number): ColoState {
  return {
    atMs,
    lagMs: 180,
    lagWorstMs: 900,
    viewAgeMs: 400,
    memoryBytes: 4_096,
    memoryRecords: 3,
  };
}

function combinations(labels: readonly string[]): string[][] {
  return labels.reduce<string[][]>(
    (sets, label) =>
      sets.flatMap((set) => (valuesOf[label] ?? []).map((value) => set.concat(value))),
    [[]],
  );
}
