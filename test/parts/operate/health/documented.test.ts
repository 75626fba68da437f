// Tests that docs/health.md names only existing codes. docs/reference/codes.md has all of them.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { findingCodes } from "../../../../src/protocol/finding.ts";

it("docs/health.md explains only codes of `findingCodes`", () => {
  const [, codes = ""] = readFileSync("docs/health.md", "utf8").split("## Codes");
  const named = [...codes.matchAll(/^- `([\w-]+)`:/gm)].map(([, code]) => code);
  expect(named.length).toBeGreaterThan(5);
  expect(findingCodes).toEqual(expect.arrayContaining(named));
});
