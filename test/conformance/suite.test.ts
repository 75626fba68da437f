// A clone of the public suite: which tests and results are read from it, and what is refused.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clonedSuite } from "./suite.ts";

const tests = [
  { id: "base", requests: [] },
  { id: "needs-base", kind: "optimal", depends_on: ["base"], requests: [] },
  { id: "needs-both", kind: "check", depends_on: ["needs-base"], requests: [] },
  { id: "needs-nothing-known", depends_on: ["gone"], requests: [] },
  { id: "of-browsers", browser_only: true, requests: [] },
];
const index = [
  { file: "proxy.json", name: "Proxy", type: "rev-proxy", version: "1" },
  { file: "browser.json", name: "Browser", type: "browser", version: "2" },
];

const exported = (value: unknown) => `export default ${JSON.stringify(value)};`;
const files: Readonly<Record<string, string>> = {
  "tests/index.mjs": exported([{ id: "some", tests }]),
  "results/index.mjs": exported(index),
  "results/proxy.json": JSON.stringify({
    base: ["Assertion", "it was wrong"],
    "needs-base": true,
    "needs-both": true,
    "needs-nothing-known": true,
  }),
  "test-engine/cli.mjs": "",
  "test-engine/server/handle-config.mjs": exported(null),
  "test-engine/server/handle-state.mjs": exported(null),
  "test-engine/server/handle-test.mjs": exported(null),
};

let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "suite-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(clone, path)), { recursive: true });
    writeFileSync(join(clone, path), text);
  }
});
afterEach(() => rmSync(clone, { recursive: true }));

describe("a clone of the suite", () => {
  it("has the tests that run against a proxy, required unless they say otherwise", async () => {
    const suite = await clonedSuite(clone);
    expect(suite.tests.map(({ suite: of, id, kind }) => [of, id, kind])).toEqual([
      ["some", "base", "required"],
      ["some", "needs-base", "optimal"],
      ["some", "needs-both", "check"],
      ["some", "needs-nothing-known", "required"],
    ]);
  });

  it("has the results of shared caches, where a test needs those that it depends on", async () => {
    const { published } = await clonedSuite(clone);
    expect(published.map(({ name, version }) => [name, version])).toEqual([["Proxy", "1"]]);
    expect(Object.fromEntries(published[0]?.results ?? [])).toEqual({
      base: "it was wrong",
      "needs-base": "it depends on base",
      "needs-both": "it depends on needs-base",
      "needs-nothing-known": "it depends on gone",
    });
  });

  it.each([
    { id: "no folder", spoil: "", says: /has no tests\/index\.mjs\. Run git clone/ },
    { id: "no engine", spoil: "test-engine", says: /has no test-engine\/cli\.mjs\. Run git clone/ },
    { id: "no handler", spoil: "test-engine/server", says: /cannot be loaded: .*handle-config/ },
  ])("is refused with a reason: $id", async ({ spoil, says }) => {
    rmSync(join(clone, spoil), { recursive: true });
    const refused = clonedSuite(clone);
    await expect(refused).rejects.toMatchObject({ name: "OperatorError", message: says });
    mkdirSync(clone, { recursive: true });
  });

  it("is refused where its tests are no suites", async () => {
    writeFileSync(join(clone, "tests/index.mjs"), exported({}));
    await expect(clonedSuite(clone)).rejects.toMatchObject({
      message: /^--suite cannot be used\. Its suite cannot be loaded: TypeError/,
    });
  });
});
