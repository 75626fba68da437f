// Tests that docs/doctor.md explains exactly the codes of `tidemark doctor`, that findings are
// sorted, and that each code occurs in a test.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  type DoctorCode,
  doctorCodes,
  type DoctorFinding,
  inOrder,
} from "../../src/doctor/finding.ts";

it("the table of codes has one complete row for each code, in the order of doctorCodes", () => {
  const [, after = ""] = readFileSync("docs/doctor.md", "utf8").split("\n## Codes\n");
  const [table = ""] = after.split(/\n##+ /);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")),
  );
  expect(cells.map(([code]) => code?.replaceAll("`", ""))).toEqual([...doctorCodes]);
  for (const row of cells) {
    expect(row).toHaveLength(2);
    expect(row.filter((cell) => cell.trim() === "")).toEqual([]);
  }
});

it("inOrder() puts the most severe findings first, and removes duplicates", () => {
  const texts = { what: "a", cause: "b", remedy: "c" };
  const row = (code: DoctorCode, level: DoctorFinding["level"], about?: string): DoctorFinding =>
    about === undefined ? { code, level, ...texts } : { code, level, about, ...texts };
  const [info, warning] = [row("no-route", "info"), row("loop", "warning")];
  const [first, second] = [row("loop", "critical", "x"), row("main-missing", "critical", "y")];
  expect(inOrder([info, first, warning, second, info])).toEqual([first, second, warning, info]);
});

/**
 * `encoding-broken` needs a real server, in `encoding.test.ts`, because `fetch` decodes its bodies.
 */
it("each code of doctor occurs in a test of doctor", () => {
  const names =
    "folder-rows folder.test site.test page-rows pages.test traffic.test hooks.test encoding.test";
  const tests = names
    .split(" ")
    .map((name) => readFileSync(`packages/cli/test/doctor/${name}.ts`, "utf8"))
    .join("\n");
  expect(doctorCodes.filter((code) => !new RegExp(`["'\`]${code}\\b`).test(tests))).toEqual([]);
});
