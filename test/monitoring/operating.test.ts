// Checks that docs/operating.md has a section for each alert with its finding, and names existing
// findings and metrics.
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

  it("names only known findings at the heads of sections, and each at most once", () => {
    const heads = [...sections.values()].flatMap((text) => codesIn(headOf(text)));
    const findings = heads.filter((name) => !name.startsWith("Tidemark"));
    expect(findings.length).toBeGreaterThan(20);
    expect(findingCodes).toEqual(expect.arrayContaining(findings));
    expect(new Set(findings).size).toBe(findings.length);
  });

  it("searches for metrics that a scrape has", () => {
    const asked = [...page.matchAll(/\^tidemark_[\w()|]+/g)].flatMap(([text]) => beginnings(text));
    expect(asked.length).toBeGreaterThan(7);
    const isThere = (begin: string) =>
      metricNames.some((name) => name.startsWith(begin) || begin.startsWith(`${name}_`));
    expect(asked.filter((begin) => !isThere(begin))).toEqual([]);
  });
});

const codesIn = (cell: string) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, code = ""]) => code);

/** The alerts and findings of a section, in italics below its heading. */
const headOf = (section: string) => /^\*[^*]+\*/m.exec(section)?.[0] ?? "";

/** @returns the beginnings that a pattern such as `^tidemark_(a|b)_total` finds */
function beginnings(pattern: string): string[] {
  const [, before = "", choice = "", after = ""] =
    /^\^(\w+)(?:\(([\w|]+)\))?(\w*)/.exec(pattern) ?? [];
  return choice.split("|").map((one) => before + one + after);
}
