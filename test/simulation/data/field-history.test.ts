// Tests fields (rule 26 of docs/internals/purge-protocol-data.md) in random histories, which must also find each
// planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --fields --replay <seed>`.
import { describe, expect, it } from "vitest";
import { fieldHistoryOf } from "../../../testing/simulation/data/field-history.ts";
import { firstBroken, sumOf } from "../../../testing/simulation/seeds.ts";
import { plantedInFields } from "./planted-in-fields.ts";
import { shareOf } from "../../../testing/histories.ts";

describe("no answer mixes fields from before and after a purge", () => {
  it.each(["ordinary", "failing", "crossing", "trimming", "turned-back"] as const)(
    "in random histories: %s",
    async (kind) => {
      const play = (seed: number) => fieldHistoryOf(seed, { kind });
      const { broken, usableCount } = await sumOf({ count: shareOf(72) }, play);
      expect(broken).toEqual([]);
      expect(usableCount).toBeGreaterThan(shareOf(10));
    },
  );
});

describe("histories of fields find a fault", () => {
  it.each(plantedInFields)("$fault, within $within histories", async (row) => {
    const { parts: storeParts, kind = "ordinary", from, within } = row;
    const play = (seed: number) => fieldHistoryOf(seed, { storeParts, kind });
    const sound = (seed: number) => fieldHistoryOf(seed, { kind });
    expect(await firstBroken({ from, count: within }, play, sound)).toBeDefined();
  });
});
