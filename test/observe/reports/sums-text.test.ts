// Tests sums as JSON: writing, reading, and taking as many as fit into one report.
import { describe, expect, it } from "vitest";
import type { Sums } from "../../../src/observe/sums.ts";
import { jsonIn } from "../../../src/base/json-text.ts";
import { formOf, sumsIn, takenWithin } from "../../../src/observe/reports/sums-text.ts";
import { Draws } from "../../../testing/draws.ts";

const bytesOf = (sums: Sums) => new TextEncoder().encode(JSON.stringify(formOf(sums))).length;

/**
 * Returns random sums of all forms, also with names that JSON escapes or that have multi-byte
 * letters.
 */
function drawnSums(draws: Draws, count: number): Sums {
  const names = ["all", "", "Übersicht", 'a "b"', "2024", "__proto__", "x".repeat(40)];
  const sums: Sums = new Map();
  while (sums.size < count) {
    const [one, two] = [draws.oneOf(names), draws.oneOf(names)];
    const bucket = Math.floor(draws.between(0, 38));
    const series = draws.oneOf([
      `requests|${one}|hit|${two}`,
      `originSeconds|${one}|b${bucket}`,
      `originSeconds|${one}|sum`,
      `purges`,
      `unknown${bucket}|${one}`,
    ]);
    const isSum = series.endsWith("|sum");
    sums.set(
      series,
      isSum ? Math.floor(draws.between(1, 9e6)) / 1e6 : Math.floor(draws.between(1, 1e6)),
    );
  }
  return sums;
}

describe("sums as JSON", () => {
  it("contain the common prefix of several series once", () => {
    const sums = new Map([
      ["responseSeconds|a|hit|edge|b7", 3],
      ["responseSeconds|a|hit|edge|sum", 0.25],
      ["purges", 2],
      ["requests||hit|memory", 1],
    ]);
    expect(JSON.stringify(formOf(sums))).toBe(
      '{"responseSeconds|a|hit|edge":{"b7":3,"sum":0.25},"":{"purges":2},"requests||hit":{"memory":1}}',
    );
    expect(sumsIn(formOf(sums))).toEqual(sums);
  });

  it("are read as they were written", () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const sums = drawnSums(new Draws(seed), 40);
      expect(sumsIn(jsonIn(JSON.stringify(formOf(sums))))).toEqual(sums);
    }
  });

  it("are rounded to microseconds", () => {
    expect(formOf(new Map([["a|sum", 0.1 + 0.2]]))).toEqual({ a: { sum: 0.3 } });
  });

  it.each([
    { id: "a list", form: [] },
    { id: "undefined", form: undefined },
    { id: "a number without a prefix", form: { purges: 1 } },
    { id: "a text", form: { "": { purges: "1" } } },
    { id: "a negative number", form: { "": { purges: -1 } } },
    { id: "a list of numbers", form: { "": [1] } },
    { id: "not a number", form: { "": { purges: Number.NaN } } },
  ])("are unreadable: $id", ({ form }) => expect(sumsIn(form)).toBe(undefined));
});

describe("the function takenWithin", () => {
  it("takes the oldest sums, at most as many bytes as allowed and almost as many", () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const sums = drawnSums(new Draws(seed), 200);
      const all = new Map(sums);
      const [first = ""] = sums.keys();
      const taken = takenWithin(sums, 2_000);
      expect(bytesOf(taken)).toBeLessThanOrEqual(2_000);
      expect(bytesOf(taken)).toBeGreaterThan(1_800);
      expect(taken.has(first)).toBe(true);
      // Each sum is either taken or left, and is unchanged.
      expect(new Map([...taken, ...sums])).toEqual(
        new Map([...taken.keys(), ...sums.keys()].map((name) => [name, all.get(name)])),
      );
      expect(taken.size + sums.size).toBe(all.size);
    }
  });

  it("takes all sums if they fit", () => {
    const sums = drawnSums(new Draws(1), 20);
    const all = new Map(sums);
    expect(takenWithin(sums, 8_192)).toEqual(all);
    expect(sums.size).toBe(0);
  });
});
