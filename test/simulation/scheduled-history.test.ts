// Tests scheduled purges (rule 30 of docs/purge-protocol-special.md) in random histories, which must also
// find each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --scheduled --replay <seed>`.
import { describe, expect, it } from "vitest";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { writeHistoryOf } from "../../testing/simulation/data/write-history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import { scheduledHistoryOf } from "../../testing/simulation/scheduled-history.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";
import { plansEndNothing, scheduleFaults } from "./planted-in-schedule.ts";

describe("no response answers after a scheduled purge that it precedes, whatever the faults", () => {
  it.each(["ordinary", "failing", "trimming", "diverging", "crossing", "evicting"] as const)(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) =>
        scheduledHistoryOf(seed, { parts: partsWithCopies().parts, kind });
      const { broken, usableCount } = await sumOf({ count: shareOf(240) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(playsAll ? 150 : 0);
    },
  );

  it("in random histories of a journal in a Durable Object", async () => {
    const play = (seed: number) => scheduledHistoryOf(seed, { Store: ObjectJournal });
    const { broken, usableCount } = await sumOf({ count: shareOf(240) }, play);
    expect(broken).toEqual([]);
    expect(usableCount).toBeGreaterThan(playsAll ? 150 : 0);
  });
});

describe("no tier and no load answers after a scheduled purge", () => {
  it.each(["ordinary", "failing", "crossing", "lying", "trimming", "evicting", "cached"] as const)(
    "in histories of whole requests: %s",
    async (kind) => {
      const play = (seed: number) => requestHistoryOf(seed, { kind, hasPlans: true });
      const { broken, usableCount } = await sumOf({ from: 100, count: shareOf(20) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(60));
    },
  );

  it.each(["ordinary", "failing", "crossing", "trimming", "evicting"] as const)(
    "in histories of data: %s",
    async (kind) => {
      const play = (seed: number) => writeHistoryOf(seed, { kind, hasPlans: true, setShare: 0.2 });
      const { broken, usableCount } = await sumOf({ count: shareOf(20) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(playsAll ? 10 : 0);
    },
  );
});

describe("histories find a planted fault", () => {
  it.each(scheduleFaults)(
    "$fault, within $within histories",
    async ({ parts, kind = "ordinary", within }) => {
      const play = (seed: number) => scheduledHistoryOf(seed, { parts, kind });
      expect(await firstBroken({ count: within }, play)).toBeDefined();
    },
  );

  it.each([
    { history: "requests", run: requestHistoryOf, within: 100 },
    { history: "data", run: writeHistoryOf, within: 100 },
  ])("in histories of $history, within $within: plans end nothing", async ({ run, within }) => {
    const play = (seed: number) => run(seed, { parts: plansEndNothing, hasPlans: true });
    expect(await firstBroken({ count: within }, play)).toBeDefined();
  });
});
