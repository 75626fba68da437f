// docs/operating.md has a section for each alert and each finding, and asks for metrics that are there.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findingCodes } from "../../src/protocol/finding.ts";
import { alerts, metricNames } from "./metrics-in.ts";

const page = readFileSync("docs/operating.md", "utf8");

/** By the anchor of each heading: its text. */
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
  it.each(alerts)("has the section of $alert, which names it", ({ alert, text }) => {
    expect(sections.get(sectionOf(text))).toContain(`\`${alert}\``);
  });

  it.each(["turn-it-off", "the-site-shows-old-content", "the-first-minute"])("has %s", (anchor) => {
    expect(sections.get(anchor)).toContain("```sh\n");
  });

  it("leads from each finding to its section, once, and from no other", () => {
    const rows = tableOf(sections.get("from-a-finding-to-its-section") ?? "");
    const codes = rows.flatMap(({ first }) => codesIn(first));
    expect(new Set(codes)).toEqual(new Set(findingCodes));
    expect(codes).toHaveLength(findingCodes.length);
  });

  it("names each finding in the section to which it leads", () => {
    const rows = tableOf(sections.get("from-a-finding-to-its-section") ?? "");
    const missing = rows.flatMap(({ first, rest }) =>
      [...rest.matchAll(/\]\(#([\w-]+)\)/g)].flatMap(([, anchor = ""]) =>
        codesIn(first)
          .filter((code) => !(sections.get(anchor) ?? "").includes(`\`${code}\``))
          .map((code) => `${code} in ${anchor}`),
      ),
    );
    expect(missing).toEqual([]);
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

/** @returns of each row its first cell, and what comes after it */
function tableOf(section: string): { first: string; rest: string }[] {
  return [...section.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].map(([, first = "", rest = ""]) => ({
    first,
    rest,
  }));
}

/** @returns what `^tidemark_(a|b)_total` finds, such as `tidemark_a_total` and `tidemark_b_total` */
function beginnings(pattern: string): string[] {
  const [, before = "", choice = "", after = ""] =
    /^\^(\w+)(?:\(([\w|]+)\))?(\w*)/.exec(pattern) ?? [];
  return choice.split("|").map((one) => before + one + after);
}
