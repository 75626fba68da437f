// Tests the bills of the mixes of stores with operations whose prices are computed by hand.
import { expect, it } from "vitest";
import { mixesOf } from "../../bench/cost/mixes.ts";

const nothing = {
  lookUps: 0,
  writes: 0,
  fills: 0,
  bytes: 0,
  journalReads: 0,
  purges: 0,
  otherCommands: 0,
};
const million = 1_000_000;

/** The bills of records and of the journal: in Redis; with the journal in an object; objects. */
it.each<[string, Partial<typeof nothing>, records: readonly number[], journal: readonly number[]]>([
  ["a million lookups", { lookUps: million }, [2, 2, 0.15], [0, 0, 0]],
  ["a million writes", { writes: million }, [2, 2, 1.15], [0, 0, 0]],
  ["a million fills", { writes: million, fills: million }, [2, 2, 2.15], [0, 0, 0]],
  ["100 GB", { bytes: 1e11 }, [3, 3, 0], [0, 0, 0]],
  ["a million journal reads", { journalReads: million }, [0, 0, 0], [2, 0.15, 0.15]],
  ["a million purges", { purges: million }, [0, 0, 0], [8, 4.15, 4.15]],
  ["a million other commands", { otherCommands: million }, [2, 2, 0], [0, 0, 0]],
])("%s cost what the price lists say in each mix", (_, given, records, journal) => {
  const mixes = mixesOf({ ...nothing, ...given });
  const rounded = (dollars: number) => Number(dollars.toFixed(6));
  expect(mixes.map((mix) => rounded(mix.records))).toEqual(records);
  expect(mixes.map((mix) => rounded(mix.journal))).toEqual(journal);
});
