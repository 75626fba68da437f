// docs/health.md explains each code that health can tell, and none other.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findingCodes } from "../../../src/admin/health/finding.ts";

it("has a row for each code, in the order of the code, with a meaning, a cause and a remedy", () => {
  const [, table = ""] = readFileSync("docs/health.md", "utf8").split("## Codes");
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")),
  );
  expect(cells.map(([code]) => code?.replaceAll("`", ""))).toEqual([...findingCodes]);
  for (const row of cells) {
    expect(row).toHaveLength(4);
    expect(row.filter((cell) => cell.trim() === "")).toEqual([]);
  }
});
