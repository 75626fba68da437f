// Tests that docs/health.md lists each code of health, and no other code.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findingCodes } from "../../../../src/protocol/finding.ts";

it("docs/health.md lists each code, in the order of `findingCodes`", () => {
  const [, codes = ""] = readFileSync("docs/health.md", "utf8").split("## Codes");
  const [, , list = "", , ...rest] = codes.split("\n\n");
  expect([...list.matchAll(/`([\w-]+)`/g)].map(([, code]) => code)).toEqual([...findingCodes]);
  const rows = rest
    .join("\n")
    .split("\n")
    .filter((line) => line.startsWith("- `"));
  const named = rows.flatMap((row) =>
    [...(row.split(": ")[0] ?? "").matchAll(/`([\w-]+)`/g)].map(([, code]) => code),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(findingCodes).toEqual(expect.arrayContaining(named));
});
