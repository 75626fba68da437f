// Checks that the pages on compliance name an existing file and test for each requirement of the RFCs.
import { existsSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { missingTests } from "./named-tests.ts";

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const pages = ["compliance", "compliance-9110", "compliance-extensions"];
const document = pages.map((page) => readFileSync(at(`docs/${page}.md`), "utf8")).join("\n");

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
    return { place: `${lines[0]} §${cells[0]}: ${cells[2]}`, cells };
  });
});

const levels = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT"];

function faultsOf(cells: readonly string[]): string[] {
  const [, level = "", , where = "", heldBy = ""] = cells;
  const isOurs = !heldBy.startsWith("does not apply: ");
  const place = where === "—" ? undefined : where.replaceAll("`", "");
  return [
    ...(cells.length === 5 ? [] : ["it does not have five cells"]),
    ...(levels.includes(level) ? [] : [`${level} is not a level`]),
    ...(isOurs && place === undefined ? ["it names no source file"] : []),
    ...(place === undefined || existsSync(at(place)) ? [] : [`${place} does not exist`]),
    ...(isOurs ? missingTests(heldBy) : []),
  ];
}

it("has a chapter for each RFC, and more than 170 rows", () => {
  const headings = [...document.matchAll(/^## (RFC \d+)/gm)].map(([, rfc]) => rfc);
  const rfcs = ["9111", "9110", "9110", "9110", "9211", "9213", "5861", "8246", "9875", "6585"];
  expect(headings).toEqual(rfcs.map((number) => `RFC ${number}`));
  expect(rows.length).toBeGreaterThan(170);
});

it.each(rows)("names an existing source file and test: $place", ({ cells }) => {
  expect(faultsOf(cells)).toEqual([]);
});

it.each([
  { id: "no-such-file", cells: ["1", "MUST", "x", "`src/none.ts`", '`test/app.test.ts` "app"'] },
  {
    id: "no-such-test",
    cells: ["1", "MUST", "x", "`src/app.ts`", '`test/app.test.ts` "nonesuch"'],
  },
  { id: "no-such-test-file", cells: ["1", "MUST", "x", "`src/app.ts`", '`test/none.ts` "app"'] },
  { id: "no-test", cells: ["1", "MUST", "x", "`src/app.ts`", "departs: because"] },
  { id: "no-place", cells: ["1", "MUST", "x", "—", '`test/app.test.ts` "app"'] },
  { id: "no-level", cells: ["1", "MAY", "x", "—", "does not apply: because"] },
])("finds the fault of a wrong row: $id", ({ cells }) => {
  expect(faultsOf(cells)).toHaveLength(1);
});
