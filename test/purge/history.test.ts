// The promise itself, over random histories of lag, loss, restored states, trimming and clocks that
// differ (docs/purge-protocol.md). A failure names its seed, which gives the same history again.
import { describe, expect, it } from "vitest";
import { historyOf } from "./history.ts";

const seedsPerRow = 600;

describe("nothing is usable more than N + max(0, ε + L − A) after a purge that covers it", () => {
  it.each([1, 2, 3, 4])("in six hundred histories: %i", async (row) => {
    const broken: string[] = [];
    let usableCount = 0;
    for (let at = 0; at < seedsPerRow; at += 1) {
      const seed = row * 10_000 + at;
      const { violations, usableCount: usable } = await historyOf(seed);
      if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
      usableCount += usable;
    }
    expect(broken).toEqual([]);
    // A view that never lets anything be used would keep the promise too.
    expect(usableCount).toBeGreaterThan(10 * seedsPerRow);
  });

  it("and a seed gives one history", async () => {
    const [first, second] = [await historyOf(7), await historyOf(7)];
    expect([first.judgedCount, first.usableCount]).toEqual([
      second.judgedCount,
      second.usableCount,
    ]);
  });
});
