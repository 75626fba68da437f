// Tests the order of a query's pairs (RFC 3986 §3.4).
import { expect, it } from "vitest";
import { nameIn, sortedByName } from "../../src/rules/query.ts";

it.each([
  ["a=1", "a"],
  ["a", "a"],
  ["a=b=c", "a"],
  ["=1", ""],
])("reads the name of %s as %s", (pair, name) => {
  expect(nameIn(pair)).toBe(name);
});

it.each([
  { pairs: ["b=1", "a=2"], sorted: ["a=2", "b=1"] },
  { pairs: ["a=2", "a=1"], sorted: ["a=2", "a=1"] },
  { pairs: ["a-b=1", "a=1"], sorted: ["a=1", "a-b=1"] },
  { pairs: ["b", "a=1", "B"], sorted: ["B", "a=1", "b"] },
  { pairs: [], sorted: [] },
])("sorts $pairs by name, and keeps the order of equal names", ({ pairs, sorted }) => {
  expect(sortedByName(pairs)).toEqual(sorted);
});
