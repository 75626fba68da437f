// Tests that findings are sorted, and that each code of `tidemark doctor` occurs in a test.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  type DoctorCode,
  doctorCodes,
  type DoctorFinding,
  inOrder,
} from "../../src/doctor/finding.ts";

it("inOrder() puts the most severe findings first, and removes duplicates", () => {
  const texts = { what: "a", cause: "b", remedy: "c" };
  const row = (code: DoctorCode, level: DoctorFinding["level"], about?: string): DoctorFinding =>
    about === undefined ? { code, level, ...texts } : { code, level, about, ...texts };
  const [info, warning] = [row("origin-open", "info"), row("loop", "warning")];
  const [first, second] = [row("loop", "critical", "x"), row("origin-wrong", "critical", "y")];
  expect(inOrder([info, first, warning, second, info])).toEqual([first, second, warning, info]);
});

/**
 * `encoding-broken` needs a real server, in `encoding.test.ts`, because `fetch` decodes its bodies.
 */
it("each code of doctor occurs in a test of doctor", () => {
  const names =
    "folder-rows dev-rows runtime-rows folder.test site.test page-rows pages.test traffic.test hooks.test encoding.test";
  const tests = names
    .split(" ")
    .map((name) => readFileSync(`packages/cli/test/doctor/${name}.ts`, "utf8"))
    .join("\n");
  expect(doctorCodes.filter((code) => !new RegExp(`["'\`]${code}\\b`).test(tests))).toEqual([]);
});
