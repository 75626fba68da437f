// The shape of src/ and of the command: imports point down only, folders and files stay small. Nowhere do files
// form a circle of imports.
// What each folder may import stands in source-tree/folders.ts.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  breaches,
  circleToOpen,
  imported,
  inCircles,
  type Sources,
} from "./source-tree/breaches.ts";
import { command, filesInFolderMax, library, linesInFileMax } from "./source-tree/folders.ts";

/** Breaches that are known and have to go. A line whose breach is gone must go as well. */
const notYet: readonly string[] = [];

/** @param folders such as `src`; all that lies below them is read */
function sourcesIn(...folders: readonly string[]): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
  );
  return new Map(paths.map((path) => [path, readFileSync(path, "utf8")]));
}

describe.each([
  { name: "src/", house: library },
  { name: "the command", house: command },
])("$name", ({ house }) => {
  const { root, mayImport } = house;
  const sources = sourcesIn(root);

  it("is read at all", () => {
    expect([...sources.values()].flatMap(imported).length).toBeGreaterThan(sources.size);
  });

  it("has no breach but those that are known, and those still", () => {
    const found = breaches(sources, house);
    const known = notYet.filter((line) => line.startsWith(`${root}/`));
    expect(found).toEqual(known.toSorted());
  });

  it("has every folder of the table", () => {
    const paths = [...sources.keys()];
    const gone = Object.keys(mayImport).filter(
      (place) => !paths.some((path) => path.replace(/\.ts$/, "").startsWith(`${root}/${place}`)),
    );
    expect(gone).toEqual([]);
  });

  it("has a table in which a folder imports only what stands above it", () => {
    const order = Object.keys(mayImport);
    const upward = Object.entries(mayImport).flatMap(([place, others]) =>
      others.filter((other) => !order.slice(0, order.indexOf(place)).includes(other)),
    );
    expect(upward).toEqual([]);
  });
});

it("no files form a circle of imports, types included, also among folders", () => {
  const folders = ["src", "local", "testing", "bench", "test"];
  const ofCommand = ["src", "test", "build"].map((folder) => `packages/cli/${folder}`);
  const sources = sourcesIn(...folders, ...ofCommand);
  const [first = ""] = inCircles(sources);
  expect(circleToOpen(first, sources)).toBe("");
});

describe("what tests and benches share stands in testing/:", () => {
  it.each(["bench", "testing", "local"])("%s/ imports nothing of test/", (folder) => {
    const found = [...sourcesIn(folder)].filter(([, text]) =>
      imported(text).some((from) => /^(?:\.\.\/)+test\//.test(from)),
    );
    expect(found.map(([path]) => path)).toEqual([]);
  });
});

const one = (path: string, text: string): Sources => new Map([[path, text]]);

describe("a breach is found", () => {
  it.each([
    { id: "http-up", path: "src/rules/a.ts", text: 'import { b } from "../proxy/b.ts";' },
    {
      id: "http-leaf",
      path: "src/rules/a.ts",
      text: 'import { b } from "../base/operator-error.ts";',
    },
    { id: "redis-up", path: "src/redis/a.ts", text: 'import type { B } from "../cache/b.ts";' },
    { id: "cache-purge", path: "src/cache/a.ts", text: 'import { b } from "../purge/b.ts";' },
    { id: "tiers-up", path: "src/cache/tiers/a.ts", text: 'import { b } from "../b.ts";' },
    { id: "purge-admin", path: "src/purge/a.ts", text: 'export { b } from "../admin/b.ts";' },
    { id: "purge-config", path: "src/purge/a.ts", text: 'import { b } from "../config/b.ts";' },
    { id: "view-up", path: "src/purge/view/a.ts", text: 'import { b } from "../acceptance/b.ts";' },
    { id: "proxy-up", path: "src/proxy/a.ts", text: 'export * from "../admin/b.ts";' },
    { id: "proxy-app", path: "src/proxy/body/a.ts", text: 'import "../../app.ts";' },
    { id: "reuse-fetch", path: "src/proxy/reuse/a.ts", text: 'import "../fetch/b.ts";' },
    {
      id: "stored-proxy",
      path: "src/proxy/stored/a.ts",
      text: 'import * as b from "../serve.ts";',
    },
    { id: "config-admin", path: "src/config/a.ts", text: 'const b = import("../admin/b.ts");' },
    { id: "platform-cache", path: "src/platform/a.ts", text: 'import { b } from "../cache/b.ts";' },
    { id: "app-worker", path: "src/app.ts", text: 'import worker from "./worker.ts";' },
    { id: "config-up", path: "src/config/config.ts", text: 'import { b } from "../proxy/b.ts";' },
    { id: "observe-up", path: "src/observe/a.ts", text: 'import { b } from "../config/b.ts";' },
    {
      id: "leaf-down",
      path: "src/base/operator-error.ts",
      text: 'import { b } from "./rules/b.ts";',
    },
    { id: "local", path: "src/worker.ts", text: 'import { b } from "../local/b.ts";' },
    { id: "test", path: "src/proxy/a.ts", text: 'import { b } from "../../test/b.ts";' },
    { id: "testing", path: "src/proxy/a.ts", text: 'import { b } from "../../testing/b.ts";' },
    { id: "bench", path: "src/app.ts", text: 'import { b } from "../bench/b.ts";' },
    { id: "node", path: "src/app.ts", text: 'import { b } from "node:fs";' },
    { id: "node-bare", path: "src/app.ts", text: 'import b, { type C } from "fs/promises";' },
    { id: "several-lines", path: "src/rules/a.ts", text: 'import {\n  b,\n} from "../app.ts";' },
    { id: "single-quotes", path: "src/rules/a.ts", text: "import { b } from '../app.ts';" },
    { id: "utils", path: "src/rules/utils.ts", text: "" },
    { id: "helpers", path: "src/proxy/helpers.ts", text: "" },
    { id: "common", path: "src/common.d.ts", text: "", count: 2 },
    { id: "types", path: "src/cache/types.ts", text: "" },
    { id: "index", path: "src/rules/index.ts", text: "" },
    { id: "anywhere", path: "src/app.ts", text: 'import { b } from "../packages/cli/src/b.ts";' },
    { id: "unknown-folder", path: "src/lib/a.ts", text: "" },
    { id: "unknown-subfolder", path: "src/rules/deep/a.ts", text: "" },
    { id: "unknown-module", path: "src/other.ts", text: "" },
    { id: "long", path: "src/app.ts", text: "\n".repeat(linesInFileMax + 1) },
  ])("$id", ({ path, text, count = 1 }) => {
    expect(breaches(one(path, text))).toHaveLength(count);
  });

  it.each([
    { id: "own-folder", path: "src/rules/a.ts", text: 'import { b } from "./b.ts";' },
    { id: "down", path: "src/proxy/a.ts", text: 'import { b } from "../rules/b.ts";' },
    { id: "step", path: "src/proxy/fetch/a.ts", text: 'import { b } from "../reuse/b.ts";' },
    { id: "package", path: "src/redis/a.ts", text: 'import { b } from "@upstash/redis";' },
    { id: "leaf", path: "src/purge/a.ts", text: 'import { b } from "../base/operator-error.ts";' },
    { id: "entry", path: "src/hono.ts", text: 'import { b } from "./worker.ts";' },
    { id: "in-a-string", path: "src/rules/a.ts", text: 'const b = `from "../app.ts"`;' },
    { id: "long-enough", path: "src/app.ts", text: "\n".repeat(linesInFileMax) },
  ])("and only a breach: $id", ({ path, text }) => {
    expect(breaches(one(path, text))).toEqual([]);
  });

  it.each([
    { path: "packages/cli/src/site/a.ts", from: "../commands/b.ts", count: 1 },
    { path: "packages/cli/src/site/a.ts", from: "../world.ts", count: 0 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../src/app.ts", count: 1 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../src/config/config.ts", count: 1 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../src/rules/fields.ts", count: 1 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../src/tidemark.ts", count: 0 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../src/protocol/answers.ts", count: 0 },
    { path: "packages/cli/src/site/a.ts", from: "../../../../local/site.ts", count: 1 },
    { path: "packages/cli/src/site/a.ts", from: "node:fs", count: 0 },
  ])("of the command: $path imports $from", ({ path, from, count }) => {
    expect(breaches(one(path, `import { b } from "${from}";`), command)).toHaveLength(count);
  });

  it("also as a circle of three files, types included, and not in what only leads to it", () => {
    const files: Sources = new Map([
      ["src/rules/a.ts", 'import type { B } from "./b.ts";'],
      ["src/rules/b.ts", 'import { c } from "./c.ts";'],
      ["src/rules/c.ts", 'export { type A } from "./a.ts";'],
      ["src/rules/d.ts", 'import { a } from "./a.ts";'],
    ]);
    expect(inCircles(files)).toEqual(["a", "b", "c"].map((name) => `src/rules/${name}.ts`));
    expect(circleToOpen("src/rules/b.ts", files)).toBe(
      "src/rules/b.ts\n  → src/rules/c.ts\n  → src/rules/a.ts\n  → src/rules/b.ts",
    );
  });

  it.each([
    { id: "as many as may be", count: filesInFolderMax, found: [] },
    { id: "one more", count: filesInFolderMax + 1, found: ["src/rules: too many files"] },
  ])("and in a folder of many files: $id", ({ count, found }) => {
    const names = Array.from({ length: count }, (_, index) => `src/rules/a${index}.ts`);
    expect(breaches(new Map(names.map((name) => [name, ""])))).toEqual(found);
  });
});
