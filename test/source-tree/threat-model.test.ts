// Tests that the threat model names an existing test for each of its statements.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { missingTests } from "./named-tests.ts";

const document = readFileSync(
  new URL("../../docs/internals/threat-model.md", import.meta.url),
  "utf8",
);

interface Section {
  readonly heading: string;
  readonly text: string;
  /** The statements with their tests: all lists but those of remaining risks. */
  readonly rows: readonly string[];
}

const sections: Section[] = document
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const blocks = text.trimEnd().split("\n\n");
    const lists = blocks.filter(
      (block, index) => block.startsWith("- ") && !blocks[index - 1]?.startsWith("Remaining risk"),
    );
    const rows = lists.flatMap((list) => list.slice(2).split("\n- "));
    return { heading: blocks[0] ?? "", text, rows };
  });
const rows = sections.flatMap(({ rows: all }) => all);

it("the threat model has a section for each trusted and untrusted party", () => {
  expect(sections.filter((one) => one.rows.length > 0).map(({ heading }) => heading)).toEqual([
    "An anonymous client",
    "Who writes HTML",
    "A script of the site",
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
    "A website, or another user, beside a local site",
    "Who supplies the packages",
  ]);
  expect(rows.length).toBeGreaterThan(35);
});

it.each(rows)("a statement of the threat model names an existing test: %s", (row) => {
  expect(missingTests(row, { needsTitles: false })).toEqual([]);
});

describe("a statement of the threat model", () => {
  it.each([
    { id: "without a test", heldBy: "nobody" },
    { id: "with a file that is gone", heldBy: '`test/none.test.ts` "x"' },
    { id: "with a title that is gone", heldBy: '`test/app.test.ts` "nonesuch"' },
  ])("has a fault $id", ({ heldBy }) => {
    expect(missingTests(heldBy)).toHaveLength(1);
  });
});

it("the threat model names the remaining risks, including the risk of writes to Redis", () => {
  expect(document).toContain("**Whoever can write to Redis can put a page on the site**");
  expect(document.match(/^Remaining risks?:/gm)?.length).toBeGreaterThan(5);
});

it("SECURITY.md links to the threat model, and explains reports and supported versions", () => {
  const security = readFileSync(new URL("../../SECURITY.md", import.meta.url), "utf8");
  expect(security).toContain("(docs/internals/threat-model.md)");
  expect(security).toMatch(/^## Report a vulnerability$/m);
  expect(security).toMatch(/^## Which versions get fixes$/m);
});
