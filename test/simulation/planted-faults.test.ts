// Tests that the histories find faults. Each row of planted-rows.ts breaks a rule of the purge
// protocol, and a number of histories must find a violation, which the same history without the fault
// has not. The end lists the rules without a row, and their tests.
import { describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { firstBroken } from "../../testing/simulation/seeds.ts";
import { type Row, rows } from "./planted-rows.ts";

describe("histories find a planted fault", () => {
  it.for(rows)("rule $rule: $fault, within $within histories", async (row, { annotate }) => {
    const { warmShare = 0, hasReleases = false, hasValues = false } = row;
    const { kind = "ordinary", fromSeed = 0, within } = row;
    const how = { kind, warmShare, hasReleases, hasValues };
    const play =
      ({ parts = {}, siteParts }: Pick<Row, "parts" | "siteParts">) =>
      (seed: number) =>
        siteParts === undefined
          ? historyOf(seed, { parts, kind })
          : requestHistoryOf(seed, { parts, siteParts, ...how });
    const sound = play(row.siteParts === undefined ? {} : { siteParts: {} });
    const seed = await firstBroken({ from: fromSeed, count: within }, play(row), sound);
    expect(seed).toBeDefined();
    await annotate(`seed ${seed}`);
  });

  // Rules that these histories cannot test, by the test that does. If broken, some of them only add
  // cost. Others need another kind of history.
  const heldElsewhere = {
    "6, the renewal": "rules-match.test.ts",
    "14": "history-copies.test.ts",
    "15": "rules-refresh.test.ts",
    "19": "redis-journal-back.test.ts",
    "24": "switch-history.test.ts",
    "25": "write-history.test.ts",
    "26": "field-history.test.ts",
    "28": "write-unless-newer.test.ts",
  };

  it("each of the 30 rules has a row here, or a test elsewhere", () => {
    const numbers = [...rows.map(({ rule }) => rule), ...Object.keys(heldElsewhere)];
    const named = new Set(numbers.map((rule) => parseInt(rule, 10)));
    const all = Array.from({ length: 30 }, (_, at) => at + 1);
    expect(all.filter((rule) => !named.has(rule))).toEqual([]);
  });
});
