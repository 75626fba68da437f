// docs/command.md explains each code of doctor, and none other; and each is brought about by a test.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { doctorCodes } from "../../src/doctor/finding.ts";

it("has a row for each code, in the order of the code, with a level, a meaning and a remedy", () => {
  const [, after = ""] = readFileSync("docs/command.md", "utf8").split("### Codes of doctor");
  const [table = ""] = after.split(/\n##+ /);
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")),
  );
  expect(cells.map(([code]) => code?.replaceAll("`", ""))).toEqual([...doctorCodes]);
  for (const row of cells) {
    expect(row).toHaveLength(4);
    expect(row.filter((cell) => cell.trim() === "")).toEqual([]);
  }
});

/** `encoding-broken` needs a server whose bodies are decoded on the way: `encoding.test.ts`. */
it("is brought about by a test", () => {
  const tests = ["folder", "site", "pages", "traffic", "encoding"]
    .map((name) => readFileSync(`packages/cli/test/doctor/${name}.test.ts`, "utf8"))
    .join("\n");
  expect(doctorCodes.filter((code) => !new RegExp(`["'\`]${code}\\b`).test(tests))).toEqual([]);
});
