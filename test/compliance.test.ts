// Checks that docs/compliance.md names an existing test for each requirement of the RFCs.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { missingTests } from "./named-tests.ts";

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const document = readFileSync(at("docs/compliance.md"), "utf8");

interface Row {
  readonly place: string;
  readonly cells: readonly string[];
}

/** The rows of all tables. */
const rows: Row[] = document.split(/^## /m).flatMap((section) => {
  const lines = section.split("\n");
  const inTable = lines.filter((line) => line.startsWith("|")).slice(2);
  return inTable.map((line) => {
    const cells = line.slice(2, -2).split(" | ");
    return { place: `${lines[0]} §${cells[0]}: ${cells[1]}`, cells };
  });
});

/** The clauses, and the level if it is SHOULD or SHOULD NOT. */
const clauses = /^\d[\d.]*(?:, \d[\d.]*| to \d)*(?: SHOULD)?$/;

function faultsOf(cells: readonly string[]): string[] {
  const [clause = "", , heldBy = ""] = cells;
  return [
    ...(cells.length === 3 ? [] : ["it does not have three cells"]),
    ...(clauses.test(clause) ? [] : [`${clause} names no clause`]),
    ...missingTests(heldBy),
  ];
}

it("has a chapter for each RFC, and more than 85 rows", () => {
  const headings = [...document.matchAll(/^## (RFC \d+)/gm)].map(([, rfc]) => rfc);
  const rfcs = ["9111", "9110", "9211", "9213", "5861", "8246", "9875", "6585"];
  expect(headings).toEqual(rfcs.map((number) => `RFC ${number}`));
  expect(rows.length).toBeGreaterThan(85);
});

it.each(rows)("names an existing test: $place", ({ cells }) => {
  expect(faultsOf(cells)).toEqual([]);
});

it.each([
  { id: "no-such-test", cells: ["1", "x", '`test/app.test.ts` "nonesuch"'] },
  { id: "no-such-test-file", cells: ["1.2, 3 SHOULD", "x", '`test/none.ts` "app"'] },
  { id: "no-test", cells: ["3 to 6", "x", "departs: because"] },
  { id: "no-clause", cells: ["MAY", "x", '`test/app.test.ts` "app"'] },
  { id: "one-cell-too-many", cells: ["1", "x", '`test/app.test.ts` "app"', "y"] },
])("finds the fault of a wrong row: $id", ({ cells }) => {
  expect(faultsOf(cells)).toHaveLength(1);
});
