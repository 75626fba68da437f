// Tests tables of very large responses.
import { expect, it } from "vitest";
import { tableOf } from "../../src/terminal.ts";

it("a very long cell pads the cells of other rows to at most 120 columns", () => {
  const rows = [
    ["a", "1"],
    ["x".repeat(1_000_000), "2"],
    ["b", "3"],
  ];
  const lines = tableOf(rows);
  expect(lines[1]).toBe(`${rows[1]?.[0]}  2`);
  expect([lines[0], lines[2]]).toEqual([`${"a".padEnd(120)}  1`, `${"b".padEnd(120)}  3`]);
});
