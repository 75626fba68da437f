// Tests that docs/health.md explains each code of health, and no other code.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findingCodes } from "../../../src/protocol/finding.ts";

it("docs/health.md has a row for each code, in the order of `findingCodes`", () => {
  const [, table = ""] = readFileSync("docs/health.md", "utf8").split("## Codes");
  const [codes = ""] = table.split("## Findings and alerts");
  const rows = codes.split("\n").filter((line) => line.startsWith("| `"));
  const cells = rows.map((row) =>
    row.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")),
  );
  expect(cells.map(([code]) => code?.replaceAll("`", ""))).toEqual([...findingCodes]);
  for (const row of cells) {
    expect(row).toHaveLength(4);
    expect(row.filter((cell) => cell.trim() === "")).toEqual([]);
  }
});

it("docs/health.md lists each alert of monitoring/alerts.yml, and only known findings", () => {
  const [, after = ""] = readFileSync("docs/health.md", "utf8").split("## Findings and alerts");
  const rows = after.split("\n").filter((line) => /^\| [`–]/.test(line));
  const named = (text: string | undefined) =>
    [...(text ?? "").matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name);
  const cells = rows.map((row) => row.slice(2).split(" | "));
  expect(findingCodes).toEqual(expect.arrayContaining(cells.flatMap(([code]) => named(code))));
  const rules = readFileSync("monitoring/alerts.yml", "utf8");
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = ""]) => name);
  expect(cells.flatMap(([, alert]) => named(alert)).toSorted()).toEqual(alerts.toSorted());
});
