// Tests that the threat model names an existing test for each of its statements.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { missingTests } from "./named-tests.ts";

const document = readFileSync(new URL("../docs/threat-model.md", import.meta.url), "utf8");

interface Section {
  readonly heading: string;
  readonly text: string;
  /** The rows of the table whose last column is `tested by`. */
  readonly rows: readonly (readonly string[])[];
}

const sections: Section[] = document
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const lines = text.split("\n").filter((line) => line.startsWith("|"));
    const isHeld = lines[0]?.endsWith("| tested by |") === true;
    const cells = lines.slice(2).map((line) => line.slice(2, -2).split(" | "));
    return { heading: text.split("\n", 1)[0] ?? "", text, rows: isHeld ? cells : [] };
  });
const rows = sections.flatMap(({ rows: all }) =>
  all.map((cells) => ({ statement: cells[0] ?? "", cells })),
);

it("the threat model has a section for each trusted and untrusted party", () => {
  expect(sections.filter((one) => one.rows.length > 0).map(({ heading }) => heading)).toEqual([
    "An anonymous client",
    "A holder of PURGE_SECRET",
    "A sender of webhooks",
    "A client of Varnish's dialect",
    "An outward target",
    "Who reads Redis",
    "Who writes Redis",
    "The origin",
    "A proxy in front, on Node",
    "A holder of ADMIN_TOKEN",
    "The author of the configuration",
    "A site that the command asks",
    "Who supplies the packages",
  ]);
  expect(rows.length).toBeGreaterThan(35);
});

it.each(rows)("a statement of the threat model names an existing test: $statement", ({ cells }) => {
  expect(cells).toHaveLength(2);
  expect(missingTests(cells[1] ?? "", { needsTitles: false })).toEqual([]);
});

describe("a row of the threat model", () => {
  it.each([
    { id: "without a test", heldBy: "nobody" },
    { id: "with a file that is gone", heldBy: '`test/none.test.ts` "x"' },
    { id: "with a title that is gone", heldBy: '`test/app.test.ts` "nonesuch"' },
  ])("has a fault $id", ({ heldBy }) => {
    expect(missingTests(heldBy)).toHaveLength(1);
  });
});

it("the threat model names the remaining risks, including the risk of writes to Redis", () => {
  expect(document).toContain("whoever can write to Redis can put a page on the site.**");
  expect(document.match(/^Remaining risks?:/gm)?.length).toBeGreaterThan(5);
});

it("SECURITY.md links to the threat model, and explains reports and supported versions", () => {
  const security = readFileSync(new URL("../SECURITY.md", import.meta.url), "utf8");
  expect(security).toContain("(docs/threat-model.md)");
  expect(security).toMatch(/^## Report a vulnerability$/m);
  expect(security).toMatch(/^## Which versions get fixes$/m);
});
