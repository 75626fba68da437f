// Tests the order of a query's pairs (RFC 3986 §3.4).
import { expect, it } from "vitest";
import { nameIn, sortedQuery } from "../../src/rules/query-string.ts";

it.each([
  ["a=1", "a"],
  ["a", "a"],
  ["a=b=c", "a"],
  ["=1", ""],
])("reads the name of %s as %s", (pair, name) => {
  expect(nameIn(pair)).toBe(name);
});

it.each([
  { query: "b=1&a=2", sorted: "a=2&b=1" },
  { query: "a=2&a=1", sorted: "a=2&a=1" },
  { query: "a-b=1&a=1", sorted: "a=1&a-b=1" },
  { query: "b&a=1&B", sorted: "B&a=1&b" },
  { query: "&b&&a&", sorted: "a&b" },
  { query: "", sorted: "" },
])("sorts $query by name, and keeps the order of equal names", ({ query, sorted }) => {
  expect(sortedQuery(query)).toBe(sorted);
});
