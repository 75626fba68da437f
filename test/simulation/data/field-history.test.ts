// Fields over random histories (rule 26 of docs/purge-protocol.md), and each step of it left out on purpose,
// which has to show. A failure names its seed; `npm run bench -- simulation --fields --replay` tells that
// history event by event.
import { describe, expect, it } from "vitest";
import { fieldHistoryOf } from "../../../testing/simulation/data/field-history.ts";
import { plantedInFields } from "./planted-in-fields.ts";
import { shareOf } from "../../../testing/histories.ts";

describe("no answer mixes fields from before a purge and after it", () => {
  it.each(["ordinary", "failing", "crossing", "trimming", "turned-back"] as const)(
    "over random histories: %s",
    { timeout: 60_000 },
    async (kind) => {
      const broken: string[] = [];
      let usable = 0;
      for (let seed = 0; seed < shareOf(40); seed += 1) {
        const { violations, usableCount } = await fieldHistoryOf(seed, { kind });
        if (violations[0] !== undefined) broken.push(`seed ${seed}: ${violations[0]}`);
        usable += usableCount;
      }
      expect(broken).toEqual([]);
      expect(usable).toBeGreaterThan(shareOf(10));
    },
  );
});

describe("a step that is left out shows", () => {
  it.each(plantedInFields)(
    "$fault, within $within histories",
    { timeout: 120_000 },
    async (row) => {
      const { parts: storeParts, kind = "ordinary", from = 0, within } = row;
      let seed = from;
      const isFound = async () =>
        (await fieldHistoryOf(seed, { storeParts, kind })).violations.length > 0;
      while (seed < from + within && !(await isFound())) seed += 1;
      expect(seed).toBeLessThan(from + within);
    },
  );
});
