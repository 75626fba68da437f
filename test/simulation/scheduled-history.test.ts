// Tests scheduled purges (rule 30 of docs/purge-protocol-special.md) in random histories, which must also
// find each planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --scheduled --replay <seed>`.
import { describe, expect, it } from "vitest";
import { ObjectJournal } from "../../src/stores/durable-object/object-journal.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import { scheduledHistoryOf } from "../../testing/simulation/scheduled-history.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";
import { scheduleFaults } from "./planted-in-schedule.ts";

describe("no response answers after a scheduled purge that it precedes, whatever the faults", () => {
  it.each(["ordinary", "failing", "trimming", "diverging", "crossing"] as const)(
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

describe("histories find a planted fault", () => {
  it.each(scheduleFaults)(
    "$fault, within $within histories",
    async ({ parts, kind = "ordinary", within }) => {
      const play = (seed: number) => scheduledHistoryOf(seed, { parts, kind });
      expect(await firstBroken({ count: within }, play)).toBeDefined();
    },
  );
});
