// Tests the bills of docs/costs.md with operations whose prices are computed by hand.
import { expect, it } from "vitest";
import { billOfMix, mixesOf } from "../../bench/cost/mixes.ts";
import type { MixRun } from "../../bench/cost/mix-run.ts";
import { marginalBill, totalOf } from "../../bench/cost/bill.ts";
import { troubleIn } from "../../bench/cost/replay-over.ts";

const nothing = {
  lookUps: 0,
  writes: 0,
  bytes: 0,
  journalReads: 0,
  purges: 0,
  otherCommands: 0,
};
const million = 1_000_000;

/** The bills of records and of the journal: all in Redis, and with the journal in an object. */
it.each<[string, Partial<typeof nothing>, records: readonly number[], journal: readonly number[]]>([
  ["a million lookups", { lookUps: million }, [2, 2], [0, 0]],
  ["a million writes", { writes: million }, [2, 2], [0, 0]],
  ["100 GB", { bytes: 1e11 }, [3, 3], [0, 0]],
  ["a million journal reads", { journalReads: million }, [0, 0], [2, 0.15]],
  ["a million purges", { purges: million }, [0, 0], [4, 3.15]],
  ["a million other commands", { otherCommands: million }, [2, 2], [0, 0]],
])("%s cost what the price lists say in each mix", (_, given, records, journal) => {
  const mixes = mixesOf({ ...nothing, ...given });
  const rounded = (dollars: number) => Number(dollars.toFixed(6));
  expect(mixes.map((mix) => rounded(mix.records))).toEqual(records);
  expect(mixes.map((mix) => rounded(mix.journal))).toEqual(journal);
});

const received = (calls: number, rows: number) => ({ calls, rows, failed: 0 });
const run: MixRun = {
  timesFaster: 10,
  replayed: {
    tookMs: [],
    failedCount: 0,
    foreignCount: 0,
    staleCount: 0,
    purgesRefusedCount: 0,
    lateMsMax: 0,
  },
  origin: { requests: 300, bytes: 0 },
  reads: {},
  writes: {},
  cpuMs: 2_000,
  failedCalls: 0,
  objects: {
    "records/read": received(500, 0),
    "records/write": received(300, 310),
    "records/expired": received(0, 100),
    "journal/append": received(10, 40),
    "journal/read": received(30, 0),
  },
};

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
  expect(bill).toMatchObject({ originRequests: 300_000 });
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

it.each([
  { id: "a failed call", changed: { failedCalls: 1 } },
  { id: "too many late reads", changed: { reads: { shared: { unavailable: 2, found: 998 } } } },
  { id: "too many late writes", changed: { writes: { shared: { unavailable: 2, kept: 998 } } } },
  { id: "an old answer", changed: { replayed: { ...run.replayed, staleCount: 1 } } },
])("`troubleIn` finds $id", ({ changed }) => {
  expect([troubleIn(run), troubleIn({ ...run, ...changed })]).toEqual([
    undefined,
    expect.stringContaining("quiet machine"),
  ]);
});

it("`troubleIn` allows one late call of a thousand", () => {
  const shared = { unavailable: 1, found: 999 };
  expect(troubleIn({ ...run, reads: { shared }, writes: {} })).toBeUndefined();
});
