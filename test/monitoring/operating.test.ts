// Checks that docs/operating.md has a section for each alert and each finding, and names existing
// metrics.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findingCodes } from "../../src/protocol/finding.ts";
import { alerts, metricNames } from "./metrics-in.ts";

const page = readFileSync("docs/operating.md", "utf8");

/** The text of each section, by the anchor of its heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => {
      const heading = text.slice(0, text.indexOf("\n"));
      return [heading.toLowerCase().replaceAll(" ", "-"), text] as const;
    }),
);

const sectionOf = (text: string) => /operating\.md#([\w-]+)/.exec(text)?.[1] ?? "";

describe("docs/operating.md", () => {
  it.each(alerts)("names $alert in the section to which the alert refers", ({ alert, text }) => {
    expect(sections.get(sectionOf(text))).toContain(`\`${alert}\``);
  });

  it.each(["turn-it-off", "the-site-shows-old-content", "the-first-minute"])(
    "has a section with commands: %s",
    (anchor) => {
      expect(sections.get(anchor)).toContain("```sh\n");
    },
  );

  it("names each finding exactly once, at the head of a section or in a table of findings", () => {
    const heads = [...page.matchAll(/^\*[^*]+\*/gm)].flatMap(([head]) => codesIn(head));
    const tables = ["redis-does-not-work", "other-findings"].flatMap((anchor) =>
      firstCells(sections.get(anchor) ?? "").flatMap(codesIn),
    );
    const findings = [...heads, ...tables].filter((name) => !name.startsWith("Tidemark"));
    expect(findings.toSorted()).toEqual(findingCodes.toSorted());
  });

  it("searches for metrics that a scrape has", () => {
    const asked = [...page.matchAll(/\^tidemark_[\w()|]+/g)].flatMap(([text]) => beginnings(text));
    expect(asked.length).toBeGreaterThan(15);
    const isThere = (begin: string) =>
      metricNames.some((name) => name.startsWith(begin) || begin.startsWith(`${name}_`));
    expect(asked.filter((begin) => !isThere(begin))).toEqual([]);
  });
});

const codesIn = (cell: string) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, code = ""]) => code);

const firstCells = (section: string) =>
  [...section.matchAll(/^\| (`.*?) \| /gm)].map(([, first = ""]) => first);

/** @returns the beginnings that a pattern such as `^tidemark_(a|b)_total` finds */
function beginnings(pattern: string): string[] {
  const [, before = "", choice = "", after = ""] =
    /^\^(\w+)(?:\(([\w|]+)\))?(\w*)/.exec(pattern) ?? [];
  return choice.split("|").map((one) => before + one + after);
}
