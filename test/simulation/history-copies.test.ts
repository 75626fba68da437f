// Tests the bound of the purge protocol in random histories in which isolates share copies of views
// within a colo, and cold views begin with the newest entry (rules 14, 15 and 27). The histories
// must find each planted fault. A failure names the history's seed.
import { describe, expect, it } from "vitest";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import { historyOf } from "../../testing/simulation/history.ts";
import { firstBroken, sumOf } from "../../testing/simulation/seeds.ts";
import * as planted from "./planted-in-copies.ts";

const seedsPerRow = 75;

describe("with copies, no purged response answers later than N + max(0, ε + L − A) after its purge", () => {
  it.each([1, 2, 3, 4])("in 75 ordinary histories, part %i", async (row) => {
    const { parts, takenCount } = partsWithCopies();
    const seeds = { from: row * 10_000, count: seedsPerRow };
    const { broken, usableCount } = await sumOf(seeds, (seed) => historyOf(seed, { parts }));
    expect(broken).toEqual([]);
    expect(usableCount).toBeGreaterThan(10);
    // Without a taken copy, the histories would prove nothing about copies.
    expect(takenCount()).toBeGreaterThan(seedsPerRow);
  });

  it("in histories in which clocks are set back", async () => {
    const play = (seed: number) =>
      historyOf(seed, { parts: partsWithCopies().parts, kind: "turned-back" });
    expect((await sumOf({ count: 50 }, play)).broken).toEqual([]);
  });

  it("with equal results if a seed runs twice", async () => {
    const judged = async () => (await historyOf(7, { parts: partsWithCopies().parts })).usableCount;
    expect(await judged()).toBe(await judged());
  });
});

/** The maximum number of histories until a fault shows. */
const seedCountMax = 1_000;

describe("histories with copies find a planted fault", () => {
  it.each<{
    id: string;
    rule: string;
    faults: Parameters<typeof partsWithCopies>[0];
    /** The first seed, which shows the fault. Default: 1. */
    fromSeed?: number;
  }>([
    {
      id: "a copy is dated by its writing",
      rule: "14",
      faults: { Copies: planted.DatedWhenCopied },
      fromSeed: 2_078,
    },
    {
      id: "a copy is dated by its reading",
      rule: "14",
      faults: { Copies: planted.DatedWhenFound },
      fromSeed: 6,
    },
    {
      id: "a copy without the shared entry is taken",
      rule: "14",
      faults: { Copies: planted.Unjoined },
      fromSeed: 1_046,
    },
    {
      id: "a copy omits an entry",
      rule: "14",
      faults: { Copies: planted.Skipping },
      fromSeed: 553,
    },
  ])("$id (rule $rule)", async ({ faults, fromSeed = 1 }) => {
    const seeds = { from: fromSeed, count: seedCountMax };
    const play = (given?: typeof faults) => (seed: number) =>
      historyOf(seed, { parts: partsWithCopies(given).parts });
    expect(await firstBroken(seeds, play(faults), play())).toBeDefined();
  });
});
