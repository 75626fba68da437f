// Tables and outlines of what a site has sent, however much of it.
import { expect, it } from "vitest";
import { outlineOf } from "../../src/terminal/outline.ts";
import { tableOf } from "../../src/terminal/table.ts";

it("a cell that is very long makes no other row longer", () => {
  const rows = [
    ["a", "1"],
    ["x".repeat(1_000_000), "2"],
    ["b", "3"],
  ];
  const lines = tableOf(rows);
  expect(lines[1]).toBe(`${rows[1]?.[0]}  2`);
  expect([lines[0], lines[2]]).toEqual([`${"a".padEnd(120)}  1`, `${"b".padEnd(120)}  3`]);
});

it("a list of a million members is outlined", () => {
  let count = 0;
  for (const line of outlineOf({ a: Array.from({ length: 1_000_000 }, () => 1) })) {
    count += line.length > 0 ? 1 : 0;
  }
  expect(count).toBe(1_000_001);
});
