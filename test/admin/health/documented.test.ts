// Tests that docs/health.md explains each code of health, and no other code.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findingCodes } from "../../../src/protocol/finding.ts";

it("docs/health.md has a row for each code, in the order of `findingCodes`", () => {
  const [, codes = ""] = readFileSync("docs/health.md", "utf8").split("## Codes");
  const rows = codes.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")),
  );
  expect(cells.map(([code]) => code?.replaceAll("`", ""))).toEqual([...findingCodes]);
  for (const row of cells) {
    expect(row).toHaveLength(2);
    expect(row.filter((cell) => cell.trim() === "")).toEqual([]);
  }
});
