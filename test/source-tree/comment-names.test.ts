// Checks the names in backticks in comments of src/, local/ and packages/cli/src/: the code in
// these folders must have them.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { deadNames, wordsOfCode } from "./comment-names.ts";

const folders = ["src", "local", "packages/cli/src"];
const sources = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => [`${folder}/${path}`, readFileSync(`${folder}/${path}`, "utf8")] as const),
);
const words = new Set(sources.flatMap(([, text]) => wordsOfCode(text)));

it.each(folders)("finds no name without code in the comments of %s/", (folder) => {
  const own = sources.filter(([path]) => path.startsWith(`${folder}/`));
  expect(own.length).toBeGreaterThan(10);
  expect(own.flatMap(([path, text]) => deadNames(path, text, words))).toEqual([]);
});

describe("the check of names in comments", () => {
  const known = new Set(wordsOfCode('const livingName = "oldName"; // `deadName`'));

  it.each([
    { id: "camel case", text: "/** Waits up to `deadName`. */", name: "deadName" },
    { id: "Pascal case", text: "// As in `Dead`.", name: "Dead" },
    { id: "member", text: "// As in `livingName.deadName`.", name: "deadName" },
    { id: "private member, called", text: "// Ends with `#deadName()`.", name: "deadName" },
    { id: "only in a string", text: "// As in `oldName`.", name: "oldName" },
  ])("reports a name that the code does not have: $id", ({ text, name }) => {
    expect(deadNames("a.ts", text, known)).toEqual([`a.ts: no code has the name ${name}`]);
  });

  it.each([
    { id: "name in the code", text: "// As in `livingName`." },
    { id: "word in lower case", text: "// Either `fresh` or `stale`." },
    { id: "environment variable", text: "// Set `ORIGIN_URL`." },
    { id: "several words", text: "// Runs `npm run buildAll`." },
    { id: "template literal", text: "const text = `deadName`;" },
    { id: "names of header fields", text: "// The fields `Range` and `If-Range`." },
  ])("reports nothing: $id", ({ text }) => {
    expect(deadNames("a.ts", text, known)).toEqual([]);
  });
});
