// Tests how the comparison judges a too old read: by the bound of Tidemark, and by what a system
// promises itself. It judges nothing if all reads or all purges fail.
import { describe, expect, it } from "vitest";
import type { Excuse } from "../../bench/compare/adapter.ts";
import { violationsIn } from "../../bench/compare/judge.ts";
import { plansOf } from "../../bench/compare/plans.ts";
import type { Fault, HistoryEvent, Purge, Read } from "../../bench/histories/events.ts";
import { Origin } from "../../bench/histories/origin.ts";
import { playAll } from "../../bench/histories/play.ts";

const bounds = { withinMs: 1_000, refreshMs: 2_000 };

const read = (sentAtMs: number, version: number, loadedAtMs: Read["loadedAtMs"]): Read => ({
  kind: "read",
  cache: "item",
  process: 0,
  sentAtMs,
  answeredAtMs: sentAtMs + 10,
  version,
  loadedAtMs,
});

const purge: Purge = {
  kind: "purge",
  isSoft: false,
  path: undefined,
  process: 1,
  sentAtMs: 0,
  answeredAtMs: 10,
  isAccepted: true,
  version: 2,
  isDuringLoad: false,
};

const longBefore = [-9_000, -8_000] as const;
const during = [-500, 500] as const;
const judged = (
  events: readonly HistoryEvent[],
  excuses: readonly Excuse[] = ["late store", "fault"],
  faults: readonly Fault[] = [],
) =>
  violationsIn([purge, ...events], faults, bounds, excuses).map(({ causes, isOwn }) => ({
    causes,
    isOwn,
  }));

describe("a read that is too old", () => {
  it("breaks the bound, and the system's own promise, if nothing excuses it", () => {
    const found = [{ causes: [], isOwn: true }];
    expect(judged([read(1_011, 1, longBefore)])).toEqual(found);
  });

  it("does not break the system's own promise if its load met the purge", () => {
    const found = [{ causes: ["late store"], isOwn: false }];
    expect(judged([read(1_011, 1, during)])).toEqual(found);
    expect(judged([read(1_011, 1, during)], [])).toEqual([{ ...found[0], isOwn: true }]);
  });

  it("does not break it during a fault", () => {
    const found = [{ causes: ["fault"], isOwn: false }];
    expect(judged([read(1_011, 1, longBefore)], undefined, [[900, 1_100]])).toEqual(found);
    expect(judged([read(1_011, 1, longBefore)], undefined, [[2_000, 3_000]])).toEqual([
      { causes: [], isOwn: true },
    ]);
  });

  it("is counted once for each purge, by the read without an excuse", () => {
    const reads = [read(1_011, 1, during), read(1_100, 1, longBefore), read(1_200, 2, longBefore)];
    expect(judged(reads)).toEqual([{ causes: [], isOwn: true }]);
  });
});

it.each([
  ["within the bound", read(1_010, 1, longBefore)],
  ["of the version of the purge", read(5_000, 2, longBefore)],
])("permits a read %s", (_, event) => {
  expect(judged([event])).toEqual([]);
});

const failure = { kind: "failure", sentAtMs: 0, answeredAtMs: 0, status: 503 } as const;
const playedWith = async (answer: () => Promise<Read | typeof failure>, isAccepted: boolean) => {
  const origin = await Origin.start();
  const purges = async () => ({ ...purge, isAccepted });
  const clients = { origin, processCount: 1, read: answer, purge: purges };
  const settings = { togetherCount: 1, bounds: { withinMs: 1, refreshMs: 1 } };
  return playAll(plansOf(1, 2, ["hard"]), clients, settings).finally(() => origin.stop());
};

it.each([
  ["a read has an answer", async () => failure, true],
  ["a purge is accepted", async () => read(0, 1, longBefore), false],
])("judges no histories in which not once %s", async (_, answer, isAccepted) => {
  await expect(playedWith(answer, isAccepted)).rejects.toThrow(/^No history has a read and/);
  expect(await playedWith(async () => read(0, 1, longBefore), true)).toHaveLength(2);
});
