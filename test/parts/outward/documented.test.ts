// Tests docs/outward.md: it names each target, and its examples load.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import * as exported from "../../../src/parts/outward/outward.ts";
import { filesIn } from "../../package/examples.ts";

const page = readFileSync("docs/outward.md", "utf8");

/** @returns the names at the beginning of the points below a heading */
function namesBelow(heading: string): string[] {
  const [, chapter = ""] = page.split(`\n## ${heading}\n`);
  const [list = ""] = chapter.split(/^##/m);
  return [...list.matchAll(/^- `(\w+)`[:,]/gm)].map(([, name = ""]) => name);
}

it("has a point for each target", () => {
  const { OperatorError: _, outward: __, ...targets } = exported;
  expect(namesBelow("The targets").toSorted()).toEqual(Object.keys(targets).toSorted());
});

let folder = "";
const source = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-outward-"));
  for (const { name, content } of filesIn(page)) {
    const here = content
      .replace('"tidemark"', JSON.stringify(source("tidemark.ts")))
      .replace('"tidemark/outward"', JSON.stringify(source("parts/outward/outward.ts")));
    writeFileSync(join(folder, name), here);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

it.each(["outward.ts", "varnish.ts"])("has an example that loads: %s", async (file) => {
  const url = pathToFileURL(join(folder, file)).href;
  const { default: config } = (await import(/* @vite-ignore */ url)) as { default: Config };
  expect(config.parts.map(({ name }) => name)).toEqual(["outward"]);
});
