// Checks that docs/internals/compliance.md names an existing test for each requirement of the RFCs.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { missingTests } from "./named-tests.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const document = readFileSync(at("docs/internals/compliance.md"), "utf8");

/** The requirements, each with its clause, such as `§4.2 SHOULD`, and its tests. */
const rows = document
  .split(/^- (?=§)/m)
  .slice(1)
  .map((row) => row.replaceAll(/\n +/g, " "));

/** The clauses, and the level if it is SHOULD or SHOULD NOT. */
const clauses = /^§\d[\d.]*(?:, \d[\d.]*| to \d)*(?: SHOULD)?: /;

function faultsOf(row: string): string[] {
  const [text = ""] = row.split("\n## ", 1);
  return [...(clauses.test(text) ? [] : ["it names no clause"]), ...missingTests(text)];
}

it("has a chapter for each RFC, and more than 85 rows", () => {
  const headings = [...document.matchAll(/^## (RFC \d+)/gm)].map(([, rfc]) => rfc);
  const rfcs = ["9111", "9110", "9211", "9213", "5861", "8246", "9875", "10008", "6585"];
  expect(headings).toEqual(rfcs.map((number) => `RFC ${number}`));
  expect(rows.length).toBeGreaterThan(85);
});

it.each(rows)("names an existing test: %s", (row) => {
  expect(faultsOf(row)).toEqual([]);
});

it.each([
  { id: "no-such-test", row: '§1: x. `test/app.test.ts` "nonesuch"' },
  { id: "no-such-test-file", row: '§1.2, 3 SHOULD: x. `test/none.ts` "app"' },
  { id: "no-test", row: "§3 to 6: x. departs: because" },
  { id: "no-clause", row: '§MAY: x. `test/app.test.ts` "app"' },
])("finds the fault of a wrong row: $id", ({ row }) => {
  expect(faultsOf(row)).toHaveLength(1);
});
