// Tests the checks of a counted run. Each fault must make its check fail.
import { describe, expect, it } from "vitest";
import { type ChecksGiven, checksOf, holds } from "../../bench/cost/checks.ts";
import { type Use, uses } from "../../bench/cost/command-use.ts";
import { aFill, aFreshening, aLookUp } from "../../bench/cost/expected-commands.ts";
import { journalBillByTraffic, journalReadsMax } from "../../bench/cost/journal-bill.ts";
import type { Entries, Entry } from "../../bench/cost/ledger.ts";
import { marginalBill, totalOf } from "../../bench/cost/prices.ts";
import type { Run } from "../../bench/cost/run.ts";
import { sumInScrape } from "../../bench/cost/run.ts";

const lag = { maxLagSeconds: 10, clockAllowanceSeconds: 1 };

const entry = (requests: number, commands: number): Entry => ({
  requests,
  commands,
  bytesUp: 0,
  bytesDown: 0,
});

const counted: Partial<Record<Use, Entry>> = {
  "look-up": entry(50, 50 * aLookUp),
  fill: entry(20, 20 * aFill),
  freshening: entry(10, 10 * aFreshening),
  "journal read": entry(58 + 2, 58 + 2),
  "purge, written": entry(2, 2),
  "purge, read back": entry(2, 4),
  metrics: entry(2, 4),
  "database information": entry(1, 1),
};

/** The Workers count the REST server's `INFO` as metrics. */
const toldCommands = {
  "look-up": 50 * aLookUp,
  fill: 20 * aFill,
  freshening: 10 * aFreshening,
  "journal read": 60,
  "purge, written": 2,
  "purge, read back": 4,
  metrics: 5,
};
const toldOf = (commands: Readonly<Record<string, number>>) => ({
  commands,
  commandsEver: 200,
  commandsInScrape: 120,
  reportsInScrape: 4,
  failedScrapes: 0,
});
/** The counts of the Workers, equal to those of the server. */
const asReceived = (changed: Partial<Record<Use, Entry>>) =>
  Object.fromEntries(
    Object.entries({ ...toldCommands, ...changed }).map(([use, of]) => [
      use,
      typeof of === "number" ? of : of.commands,
    ]),
  );

function runWith(changed: Partial<Record<Use, Entry>>, other: Partial<Run> = {}): Run {
  const all = uses.map((use) => [use, changed[use] ?? counted[use] ?? entry(0, 0)]);
  return {
    entries: Object.fromEntries(all) as Entries,
    events: [
      { kind: "purge", tags: ["a"], urlCount: 0 },
      { kind: "purge", tags: [], urlCount: 1 },
    ],
    reads: { shared: { found: 30, absent: 20 } },
    writes: { shared: { kept: 30 } },
    origin: { requests: 30, notModified: 10, bytes: 0 },
    replayed: {
      tookMs: [],
      failedCount: 0,
      foreignCount: 0,
      oldCount: 3,
      staleCount: 0,
      staleExamples: [],
      purgesRefusedCount: 0,
      cacheStatusCounts: new Map(),
      lateMsMax: 0,
    },
    storedBytes: 0,
    failedCommands: 0,
    told: toldOf(asReceived(changed)),
    seconds: 180,
    cpuMs: undefined,
    ...other,
  };
}

const byTheClock = { inReplay: 100_000, atPaceOfLife: 100_000 };
const metrics = { inReplay: 1_000, atPaceOfLife: 999.5 };
type Counted = typeof metrics;

const broken = (run: Run, changed: Partial<ChecksGiven> = {}): string[] =>
  checksOf(run, { lag, coloCount: 1, all: byTheClock, metrics, ...changed })
    .filter((check) => !holds(check))
    .map(({ what }) => what);

it("the checks pass a run in which every command is accounted for", () => {
  expect(broken(runWith({}))).toEqual([]);
});

const shared = { found: 30, absent: 19, unavailable: 1 };

it.each<[id: string, changed: Partial<Record<Use, Entry>>, found: RegExp, other?: Partial<Run>]>([
  ["two commands for a lookup", { "look-up": entry(50, 51) }, /lookups, 1/],
  ["a missing lookup", { "look-up": entry(49, 49) }, /lookups, 1/],
  ["an additional command for a fill", { fill: entry(20, 41) }, /of fills/],
  ["an additional command for a 304", { freshening: entry(10, 21) }, /freshenings/],
  ["a missing read-back", { "purge, read back": entry(1, 2) }, /purges: written/],
  ["an additional read-back", { "purge, read back": entry(3, 5) }, /purges: written/],
  ["an additional read of the journal", { "journal read": entry(61, 61) }, /reads of the journal/],
  ["an unknown command", { unknown: entry(1, 1) }, /anything/],
  ["a failed command", {}, /that failed/, { failedCommands: 1 }],
  ["an uncounted write", {}, /^writes to the shared tier/, { writes: { shared: { kept: 29 } } }],
  ["a late answer", {}, /did not answer in time/, { reads: { shared } }],
  ["an unsent lookup", { "look-up": entry(49, 49) }, /not answer in time/, { reads: { shared } }],
])("the checks find %s", (_, changed, found, other) => {
  expect(broken(runWith(changed, other))).toEqual([expect.stringMatching(found)]);
});

it.each([
  { id: "two purges share a read-back", run: runWith({ "purge, read back": entry(1, 3) }) },
  {
    id: "a fill stores an unchanged response",
    run: runWith({}, { told: toldOf({ ...toldCommands, fill: 21, freshening: 9 }) }),
  },
])("the checks pass a run in which $id", ({ run }) => expect(broken(run)).toEqual([]));

describe("the checks of metrics", () => {
  const told = (changes: Partial<Run["told"]>): Run =>
    runWith({}, { told: { ...toldOf(toldCommands), ...changes } });
  const commands = (changes: Readonly<Record<string, number>>): Run =>
    told({ commands: { ...toldCommands, ...changes } });

  it.each<{ id: string; run?: Run; given?: Partial<Counted>; found: readonly RegExp[] }>([
    {
      id: "over 1 % of commands for metrics",
      given: { inReplay: 1_001 },
      found: [/^commands for metrics/],
    },
    { id: "no commands for metrics", given: { inReplay: 0 }, found: [/^commands for metrics/] },
    {
      id: "over 1 % for metrics at the pace of life",
      given: { atPaceOfLife: 1_000.5 },
      found: [/pace of life/],
    },
    {
      id: "an uncounted command",
      run: commands({ fill: 19 }),
      found: [/as the Workers counted/, /purposes .*: fill or freshening \(29, 30\)$/],
    },
    {
      id: "a command with the wrong purpose",
      run: commands({ fill: 21, "look-up": 49 }),
      found: [/purposes .*: look-up \(49, 50\), fill or freshening \(31, 30\)$/],
    },
    {
      id: "an unknown purpose",
      run: commands({ metrics: 4, new: 1 }),
      found: [/purposes .*: metrics \(4, 5\), new \(1, 0\)$/],
    },
    { id: "no report", run: told({ reportsInScrape: 0 }), found: [/^reports/] },
    { id: "an additional report", run: told({ reportsInScrape: 5 }), found: [/^reports/] },
    {
      id: "a refused scrape",
      run: told({ failedScrapes: 1 }),
      found: [/scrapes that Redis did not/],
    },
    {
      id: "too many commands in a scrape",
      run: told({ commandsInScrape: 201 }),
      found: [/last scrape shows/],
    },
  ])("find $id", ({ run = runWith({}), given, found }) => {
    const expected = found.map((what) => expect.stringMatching(what) as unknown);
    expect(broken(run, { metrics: { ...metrics, ...given } })).toEqual(expected);
  });
});

it("`sumInScrape` adds up the samples whose name is exactly the counter's", () => {
  const text =
    '# TYPE a_total counter\na_total{x="1 2"} 3\na_total{x="}"} 4\na_total_more 5\na 7\nb_total 9\n';
  expect(["a_total", "b_total", "c_total"].map((name) => sumInScrape(text, name))).toEqual([
    7, 9, 0,
  ]);
});

it("journal reads are bounded by 2.9 in N − A, and by the requests of a colo", () => {
  expect(journalReadsMax(3_600, lag)).toBe(1_160);
  const busy = {
    commandsAnHour: 1_160,
    dollarsAMillionRequests: expect.closeTo(0.0644, 4) as number,
  };
  expect(journalBillByTraffic(lag, 10)).toEqual(busy);
  const quiet = { commandsAnHour: 360, dollarsAMillionRequests: 2 };
  expect(journalBillByTraffic(lag, 0.1)).toEqual(quiet);
});

it("`marginalBill` bills use beyond what is included", () => {
  const use = { workerRequests: 1e6, cpuMs: 5e6, redisCommands: 300_000, redisBytes: 10e9 };
  const bill = marginalBill(use);
  expect(bill).toEqual({
    workerRequests: expect.closeTo(0.3) as number,
    cpu: expect.closeTo(0.1) as number,
    redisCommands: expect.closeTo(0.6) as number,
    redisBandwidth: expect.closeTo(0.3) as number,
  });
  expect(totalOf(bill)).toBeCloseTo(1.3);
});
