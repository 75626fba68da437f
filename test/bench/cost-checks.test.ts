// The checks of a counted run: one that holds in all, and what each of its faults is found by.
import { describe, expect, it } from "vitest";
import { type ChecksGiven, checksOf, holds } from "../../bench/cost/checks.ts";
import { type Use, uses } from "../../bench/cost/command-use.ts";
import { aFill, aFreshening, aLookUp } from "../../bench/cost/expected-commands.ts";
import { journalBillByTraffic, journalReadsMax } from "../../bench/cost/journal-bill.ts";
import type { Entries, Entry } from "../../bench/cost/ledger.ts";
import { marginalBill, totalOf } from "../../bench/cost/prices.ts";
import type { Run } from "../../bench/cost/run.ts";
import { sumInScrape } from "../../bench/cost/scrapes.ts";

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

/** Of the REST server's words, `INFO` alone is another for the Workers. */
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
/** Some things are checked by both counts: here the Workers have counted what the server did. */
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

const broken = (run: Run, changed: Partial<ChecksGiven> = {}): string[] =>
  checksOf(run, { lag, coloCount: 1, all: byTheClock, metrics, ...changed })
    .filter((check) => !holds(check))
    .map(({ what }) => what);

describe("the checks of a counted run", () => {
  it("all hold where every command is accounted for", () => {
    expect(broken(runWith({}))).toEqual([]);
  });

  it.each<{ id: string; run: Run; found: RegExp }>([
    { id: "a lookup of two", run: runWith({ "look-up": entry(50, 51) }), found: /lookups, 1/ },
    { id: "a lookup missing", run: runWith({ "look-up": entry(49, 49) }), found: /lookups, 1/ },
    { id: "a fill of one more", run: runWith({ fill: entry(20, 41) }), found: /of fills/ },
    { id: "a 304 of one more", run: runWith({ freshening: entry(10, 21) }), found: /freshenings/ },
    {
      id: "a purge that was not read back",
      run: runWith({ "purge, read back": entry(1, 2) }),
      found: /purges: written/,
    },
    {
      id: "one read of the journal too many",
      run: runWith({ "journal read": entry(61, 61) }),
      found: /reads of the journal/,
    },
    {
      id: "a command for nothing known",
      run: runWith({ unknown: entry(1, 1) }),
      found: /anything/,
    },
    { id: "a command that failed", run: runWith({}, { failedCommands: 1 }), found: /that failed/ },
  ])("$id is found", ({ run, found }) => {
    expect(broken(run)).toEqual([expect.stringMatching(found)]);
  });

  it("two purges that were read back at once took a command less", () => {
    expect(broken(runWith({ "purge, read back": entry(1, 3) }))).toEqual([]);
    const more = runWith({ "purge, read back": entry(3, 5) });
    expect(broken(more)).toEqual([expect.stringMatching(/purges: written/)]);
  });

  it("a write that the Workers do not know of is found", () => {
    const run = runWith({}, { writes: { shared: { kept: 29 } } });
    expect(broken(run)).toEqual([expect.stringMatching(/^writes to the shared tier/)]);
  });

  it("an answer that came too late is said, and its command may have been sent or not", () => {
    const reads = { shared: { found: 30, absent: 19, unavailable: 1 } };
    const late = [expect.stringMatching(/did not answer in time/)];
    expect(broken(runWith({}, { reads }))).toEqual(late);
    expect(broken(runWith({ "look-up": entry(49, 49) }, { reads }))).toEqual(late);
  });
});

describe("metrics in a counted run", () => {
  const oneMore = { ...toldCommands, fill: 21, "look-up": 49 };
  const storedAgain = { ...toldCommands, fill: 21, freshening: 9 };

  it.each<{ id: string; run?: Run; given?: Partial<ChecksGiven>; found: readonly RegExp[] }>([
    {
      id: "over one in a hundred of the run",
      given: { metrics: { ...metrics, inReplay: 1_001 } },
      found: [/^commands for metrics/],
    },
    {
      id: "none at all: they were off",
      given: { metrics: { ...metrics, inReplay: 0 } },
      found: [/^commands for metrics/],
    },
    {
      id: "over one in a hundred of life",
      given: { metrics: { ...metrics, atPaceOfLife: 1_000.5 } },
      found: [/pace of life/],
    },
    {
      id: "a command that no Worker has counted",
      run: runWith({}, { told: toldOf({ ...toldCommands, fill: 19 }) }),
      found: [/as the Workers counted/, /purposes .*: fill or freshening \(29, 30\)$/],
    },
    {
      id: "a command that was counted for something else",
      run: runWith({}, { told: toldOf(oneMore) }),
      found: [/purposes .*: look-up \(49, 50\), fill or freshening \(31, 30\)$/],
    },
    {
      id: "a purpose that the server has no word for",
      run: runWith({}, { told: toldOf({ ...toldCommands, metrics: 4, new: 1 }) }),
      found: [/purposes .*: metrics \(4, 5\), new \(1, 0\)$/],
    },
    {
      id: "no report",
      run: runWith({}, { told: { ...toldOf(toldCommands), reportsInScrape: 0 } }),
      found: [/^reports/],
    },
    {
      id: "a report too many",
      run: runWith({}, { told: { ...toldOf(toldCommands), reportsInScrape: 5 } }),
      found: [/^reports/],
    },
    {
      id: "a scrape that was refused",
      run: runWith({}, { told: { ...toldOf(toldCommands), failedScrapes: 1 } }),
      found: [/scrapes that Redis did not answer/],
    },
    {
      id: "more in a scrape than there was",
      run: runWith({}, { told: { ...toldOf(toldCommands), commandsInScrape: 201 } }),
      found: [/last scrape shows/],
    },
  ])("$id is found", ({ run = runWith({}), given, found }) => {
    expect(broken(run, given)).toEqual(found.map((what) => expect.stringMatching(what) as unknown));
  });

  it("what was stored again as it was may be a fill to the Worker that asked for it", () => {
    expect(broken(runWith({}, { told: toldOf(storedAgain) }))).toEqual([]);
  });

  it("a scrape is added up by the name of a counter, and no longer one", () => {
    const text =
      '# TYPE a_total counter\na_total{x="1 2"} 3\na_total{x="}"} 4\na_total_more 5\na 7\nb_total 9\n';
    expect(sumInScrape(text, "a_total")).toBe(7);
    expect(sumInScrape(text, "b_total")).toBe(9);
    expect(sumInScrape(text, "c_total")).toBe(0);
  });
});

describe("the journal", () => {
  it("is read 2.9 times in N − A at the most, and never more often than its colo is asked", () => {
    expect(journalReadsMax(3_600, lag)).toBe(1_160);
    expect(journalBillByTraffic(lag, 10)).toEqual({
      commandsAnHour: 1_160,
      dollarsAMillionRequests: expect.closeTo(0.0644, 4) as number,
    });
    expect(journalBillByTraffic(lag, 0.1)).toEqual({
      commandsAnHour: 360,
      dollarsAMillionRequests: 2,
    });
  });
});

describe("a bill", () => {
  it("is what comes on top of what is included", () => {
    const bill = marginalBill({
      workerRequests: 1e6,
      cpuMs: 5e6,
      redisCommands: 300_000,
      redisBytes: 10e9,
    });
    expect(bill).toEqual({
      workerRequests: expect.closeTo(0.3) as number,
      cpu: expect.closeTo(0.1) as number,
      redisCommands: expect.closeTo(0.6) as number,
      redisBandwidth: expect.closeTo(0.3) as number,
    });
    expect(totalOf(bill)).toBeCloseTo(1.3);
  });
});
