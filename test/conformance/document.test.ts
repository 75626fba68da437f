// docs/conformance.md: its parts are replaced and read back one by one, and the README quotes it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Run, statedNames, withRun } from "./document.ts";

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const run: Run = {
  edition: "head",
  isAsShipped: false,
  tests: [
    { suite: "some", id: "a", kind: "required", dependsOn: [] },
    { suite: "some", id: "method-POST", kind: "optimal", dependsOn: [] },
    { suite: "other", id: "seen", kind: "check", dependsOn: [] },
  ],
  results: new Map([
    ["a", "passed"],
    ["method-POST", "it was wrong"],
    ["seen", "it was wrong"],
  ]),
  published: [{ name: "Proxy", version: "1", results: new Map([["a", "passed"]]) }],
};
const part = (name: string) => `<!-- begin: ${name} -->\n<!-- end: ${name} -->`;
const empty = `# Title\n\n${part("head, as shipped")}\n\n${part("head, configured")}\n\nEnd.\n`;

describe("a part of the document", () => {
  it("states the misses of its run with their reasons, beside other caches", () => {
    const document = withRun(empty, run);
    expect(document).toContain("passes 1 of 1 required, 0 of 1 optimal, 0 of 1 observed tests.");
    expect(document).toMatch(/\| `method-POST` \| A response to `POST` is never stored/);
    expect(document).toContain("| Proxy 1 | 1 | 0 |");
    expect(document).toContain("| some | 1 + 1 | 1 + 0 | 1 + 0 |");
    const stated = statedNames(document, run);
    expect(run.tests.filter(({ id }) => stated.has(id)).map(({ id }) => id)).toEqual([
      "method-POST",
      "seen",
    ]);
  });

  it("leaves the others as they are, and is the same when it is written again", () => {
    const once = withRun(empty, run);
    expect(once).toContain(part("head, as shipped"));
    expect(once.endsWith("\n\nEnd.\n")).toBe(true);
    expect(withRun(once, run)).toBe(once);
    const both = withRun(once, { ...run, isAsShipped: true });
    expect(withRun(both, run)).toBe(both);
  });

  it("must be there, and have a reason for each miss", () => {
    expect(() => withRun("# Title\n", run)).toThrow(/has lost its lines .*head, configured/);
    const results = new Map([...run.results, ["a", "it was wrong"] as const]);
    expect(() => withRun(empty, { ...run, results })).toThrow(/^a is not passed/);
  });
});

it("the README states the figures of the document", () => {
  const document = textOf("docs/conformance.md");
  const figures = (text: string) => text.match(/\d+ of \d+ required/g) ?? [];
  const [shipped = "", configured = ""] = figures(document);
  const [passed = "", all = ""] = shipped.split(/\D+/);
  const others = [...document.matchAll(/^\| [^|]+ [\w.+-]+ \| (\d+) \| \d+ \|$/gm)];
  const counts = others.map(([, count]) => Number(count));
  const readme = textOf("README.md").replaceAll(/\s+/g, " ");
  expect(readme).toContain(`Of the ${all} required tests`);
  expect(readme).toContain(
    `passes ${passed} as shipped, and ${Number.parseInt(configured, 10)} with`,
  );
  expect(readme).toContain(`pass ${Math.min(...counts)} to ${Math.max(...counts)}.`);
});
