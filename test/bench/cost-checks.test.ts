// The checks of a counted run: one that holds in all, and what each of its faults is found by.
import { describe, expect, it } from "vitest";
import { checksOf, holds } from "../../bench/cost/checks.ts";
import { type Use, uses } from "../../bench/cost/command-use.ts";
import { aFill, aFreshening, aLookUp } from "../../bench/cost/expected-commands.ts";
import { journalBillByTraffic, journalReadsMax } from "../../bench/cost/journal-bill.ts";
import type { Entries, Entry } from "../../bench/cost/ledger.ts";
import { marginalBill, totalOf } from "../../bench/cost/prices.ts";
import type { Run } from "../../bench/cost/run.ts";

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
};

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
    seconds: 180,
    cpuMs: undefined,
    ...other,
  };
}

const broken = (run: Run): string[] =>
  checksOf(run, { lag, coloCount: 1 })
    .filter((check) => !holds(check))
    .map(({ what }) => what);

describe("the checks of a counted run", () => {
  it("all hold where every command is accounted for", () => {
    expect(broken(runWith({}))).toEqual([]);
  });

  it.each<{ id: string; run: Run; found: RegExp }>([
    { id: "a look-up of two", run: runWith({ "look-up": entry(50, 51) }), found: /look-ups, 1/ },
    { id: "a look-up missing", run: runWith({ "look-up": entry(49, 49) }), found: /look-ups, 1/ },
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
