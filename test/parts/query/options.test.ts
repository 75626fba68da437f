// Tests which routes can look up QUERY.
import { expect, it } from "vitest";
import { query } from "../../../src/parts/query/query.ts";
import { refusalOf, route } from "../../config/refusal-of.ts";

const ofSlices = { kind: "route", name: "slices", traits: { holdsBodies: true }, contents: {} };

it.each([
  [{ use: [query()], methods: ["GET"] }, 'has query(): add "QUERY" to methods'],
  [
    { use: [query(), ofSlices] },
    'has query() and slices; give QUERY a route of its own, with methods: ["QUERY"]',
  ],
])("is refused: %o", (fields, says) => {
  expect(refusalOf(route(fields))).toBe(`route "news", use: ${says}`);
});

it("query() refuses another mode, such as one from JavaScript", () => {
  expect(() => query("all" as never)).toThrow('Write query("raw") or query("json").');
});
