// Tests fields (rule 26 of docs/purge-protocol-data.md) in random histories, which must also find each
// planted fault. A failure names the history's seed. Replay the history with
// `npm run bench -- simulation --fields --replay <seed>`.
import { describe, expect, it } from "vitest";
import { fieldHistoryOf } from "../../../testing/simulation/data/field-history.ts";
import { plantedInFields } from "./planted-in-fields.ts";
import { shareOf } from "../../../testing/histories.ts";

describe("no answer mixes fields from before and after a purge", () => {
  it.each(["ordinary", "failing", "crossing", "trimming", "turned-back"] as const)(
    "in random histories: %s",
    async (kind) => {
      const broken: string[] = [];
      let usable = 0;
      for (let seed = 0; seed < shareOf(72); seed += 1) {
        const { violations, usableCount } = await fieldHistoryOf(seed, { kind });
        if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
        usable += usableCount;
      }
      expect(broken).toEqual([]);
      expect(usable).toBeGreaterThan(shareOf(10));
    },
  );
});

describe("histories of fields find a fault", () => {
  it.each(plantedInFields)("$fault, within $within histories", async (row) => {
    const { parts: storeParts, kind = "ordinary", from = 0, within } = row;
    let seed = from;
    const isFound = async () =>
      (await fieldHistoryOf(seed, { storeParts, kind })).violations.length > 0;
    while (seed < from + within && !(await isFound())) seed += 1;
    expect(seed).toBeLessThan(from + within);
  });
});
