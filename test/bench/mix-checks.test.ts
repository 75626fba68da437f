// Tests the bill and the checks of a run over the stores of Cloudflare. Each fault must make its check
// fail.
import { expect, it } from "vitest";
import { holds } from "../../bench/cost/checks.ts";
import { billOfMix } from "../../bench/cost/mixes.ts";
import { mixChecksOf } from "../../bench/cost/mix-checks.ts";
import type { MixRun } from "../../bench/cost/mix-run.ts";

const replayed: MixRun["replayed"] = {
  tookMs: [],
  failedCount: 0,
  foreignCount: 0,
  oldCount: 0,
  staleCount: 0,
  staleExamples: [],
  purgesRefusedCount: 0,
  cacheStatusCounts: new Map(),
  lateMsMax: 0,
};
const received = (calls: number, rows: number, failed = 0) => ({ calls, rows, failed });
const journalObject = { "journal/append": received(10, 40), "journal/read": received(30, 0) };
const objects = {
  "records/read": received(500, 0),
  "records/write": received(300, 310),
  ...journalObject,
};
const journalCalls = { "purge, written": 10, "journal read": 30 };
const objectCalls = { "look-up": 500, fill: 100, freshening: 200, ...journalCalls };
const workers = {
  redisCommands: {},
  objectCalls,
  objectRows: { fill: 110, freshening: 200, "purge, written": 40 },
};
const run: MixRun = {
  timesFaster: 10,
  replayed,
  origin: { requests: 300, notModified: 200, bytes: 0 },
  reads: {},
  writes: {},
  workers,
  workersEver: workers,
  seconds: 1,
  cpuMs: 2_000,
  objects,
};

const broken = (of: MixRun, redisOriginRequests = 290) =>
  mixChecksOf(of, { requestCount: 1_000, redisOriginRequests })
    .filter((check) => !holds(check))
    .map(({ what }) => what);
const told = (changed: Partial<MixRun["workers"]>) => ({
  ...run,
  workers: { ...workers, ...changed },
});

it("the checks pass a run that the Workers counted alike", () => expect(broken(run)).toEqual([]));

it.each<[id: string, of: MixRun, found: readonly RegExp[]]>([
  [
    "an uncounted look-up",
    told({ objectCalls: { ...objectCalls, "look-up": 499 } }),
    [/look-ups/, /all calls/],
  ],
  ["a row that was not counted", told({ objectRows: { fill: 349 } }), [/written rows/]],
  [
    "a call with the wrong purpose",
    told({ objectCalls: { ...objectCalls, fill: 99, removal: 1 } }),
    [/writes of records/, /removals/],
  ],
  ["a late read", { ...run, reads: { shared: { unavailable: 1 } } }, [/were late/]],
  [
    "a failed call",
    { ...run, objects: { ...objects, "journal/read": received(30, 0, 1) } },
    [/that failed or/],
  ],
  ["a stale answer", { ...run, replayed: { ...replayed, staleCount: 1 } }, [/older than N/]],
  ["a higher bill", { ...run, cpuMs: 50_000 }, [/cents/]],
  ["a lower offload", { ...run, origin: { ...run.origin, requests: 301 } }, [/over Redis/]],
])("the checks find %s", (_, of, found) => {
  expect(broken(of)).toEqual(found.map((what) => expect.stringMatching(what) as unknown));
});

it("the bill of a million requests follows from the counts and the price lists", () => {
  const rounded = ({
    workers: ofWorkers,
    records,
    journal,
    duration,
  }: ReturnType<typeof billOfMix>) =>
    [ofWorkers, records, journal, duration].map((dollars) => Number(dollars.toFixed(6)));
  // 10 purges and 10 reads for them at any pace, and 20 renewals at a tenth of the speed.
  const journal = 0.22 * 0.15 + 0.04;
  const cpu = 1.01 * 0.3 + 2 * 0.02;
  const inObjects = 0.8 * 0.15 + (0.31 + 0.1) * 1;
  const seconds = (1_000 * (800 + 220) * 0.025 * 0.128 * 12.5) / 1e6;
  const bill = billOfMix(run, 1_000);
  expect(rounded(bill)).toEqual(
    [cpu, inObjects, journal, seconds].map((dollars) => Number(dollars.toFixed(6))),
  );
  expect(bill).toMatchObject({ kind: "replayed", originRequests: 300_000 });
});
