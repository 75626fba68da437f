// Checks that names and comments of the sources use the words of CONTRIBUTING.md.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { proseBreaches } from "./prose.ts";

it.each(["src", "packages/cli/src", "local"])("finds no breach in %s/", (folder) => {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => `${folder}/${path}`);
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.flatMap((path) => proseBreaches(path, readFileSync(path, "utf8")))).toEqual([]);
});

describe("the check of prose", () => {
  it.each([
    { id: "participle", text: "export interface Sought {}" },
    { id: "participle-of-two-words", text: "type PageAsked = string;" },
    { id: "class", text: "class Gathering<T> {}" },
    { id: "of", text: "/** Of a page. */\nconst a = 1;" },
    { id: "what", text: "/**\n * What becomes of it.\n */\nconst a = 1;" },
    { id: "variable", text: "const told = 1;" },
    { id: "parameter", text: "function tell(came: string) {}" },
    { id: "private-member", text: "class A {\n  readonly #sought: string;\n}" },
    { id: "banned-word", text: "const a = 1; // Mend it." },
    { id: "dropped-word", text: "const a = 1; // The lease expires." },
    { id: "dropped-identifier", text: "const a = { openSubstitutes: 1 };" },
    { id: "banned-word-in-docstring", text: "/** Returns the patience of a client. */" },
  ])("reports a breach: $id", ({ text }) => {
    expect(proseBreaches("a.ts", text)).toHaveLength(1);
  });

  it.each([
    { id: "noun", text: "export type OrderReading = string;" },
    { id: "verb-in-a-text", text: 'const a = "it came: late";' },
    { id: "identifier", text: 'import { a } from "./mend.ts";' },
    { id: "release", text: "/** Returns the releases. */\nconst a = releases;" },
    { id: "docstring", text: "/** Returns whether a response is fresh. */" },
  ])("reports nothing: $id", ({ text }) => {
    expect(proseBreaches("a.ts", text)).toEqual([]);
  });
});
