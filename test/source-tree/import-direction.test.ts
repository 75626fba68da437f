// Checks that imports of src/ and of the command only point down, as folders.ts says.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { breaches, imported, type Sources } from "./breaches.ts";
import { codesOfExplain, command, library, published } from "./folders.ts";

/** Returns the sources below these folders. */
function sourcesIn(...folders: readonly string[]): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => /\.tsx?$/.test(path))
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

  it("has imports that this test finds", () => {
    expect([...sources.values()].flatMap(imported).length).toBeGreaterThan(sources.size);
  });

  it("has no forbidden import or name", () => {
    expect(breaches(sources, house)).toEqual([]);
  });

  it("has every folder of the table", () => {
    const paths = [...sources.keys()];
    const gone = Object.keys(mayImport).filter(
      (place) => !paths.some((path) => path.replace(/\.tsx?$/, "").startsWith(`${root}/${place}`)),
    );
    expect(gone).toEqual([]);
  });

  it("has a table in which each folder imports only folders above it", () => {
    const order = Object.keys(mayImport);
    const upward = Object.entries(mayImport).flatMap(([place, others]) =>
      others.filter((other) => !order.slice(0, order.indexOf(place)).includes(other)),
    );
    expect(upward).toEqual([]);
  });
});

it("no two files of src/ have one name", () => {
  const paths = readdirSync("src", { recursive: true, encoding: "utf8" });
  const names = paths.filter((path) => path.endsWith(".ts")).map((path) => basename(path));
  expect(names.filter((name, nth) => names.indexOf(name) !== nth)).toEqual([]);
  expect(names.length).toBeGreaterThan(500);
});

describe("the README of each folder of src/", () => {
  // Each part is a folder.
  const folderOf = (place: string) => /^(?:parts\/)?[^/]*/.exec(place)?.[0] ?? "";
  const foldersIn = (path: string) =>
    readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = ["src", "src/parts"]
    .flatMap((path) => foldersIn(path).map(({ name }) => `${path}/${name}`))
    .filter((path) => path !== "src/parts")
    .map((path) => path.slice("src/".length));

  it.each(folders)("says what the folder imports: %s", (folder) => {
    const places = Object.entries(library.mayImport).filter(
      ([place]) => folderOf(place) === folder,
    );
    const allowed = new Set(places.flatMap(([, others]) => others.map(folderOf)));
    allowed.delete(folder);
    const text = readFileSync(`src/${folder}/README.md`, "utf8");
    const [, line = ""] = /^- \*\*Imports\*\* (.*)\.$/m.exec(text) ?? [];
    const named = [...line.matchAll(/`([\w/-]+)`/g)].map(([, name = ""]) => name);
    expect(named.toSorted()).toEqual([...allowed].toSorted());
    const [, start = ""] = /^- \*\*Start at\*\* `([\w./-]+)`\.$/m.exec(text) ?? [];
    expect(existsSync(`src/${folder}/${start}`)).toBe(true);
  });
});

it.each(["bench", "testing", "local"])("%s/ imports nothing from test/", (folder) => {
  const found = [...sourcesIn(folder)].filter(([, text]) =>
    imported(text).some((from) => /^(?:\.\.\/)+test\//.test(from)),
  );
  expect(found.map(([path]) => path)).toEqual([]);
});

const one = (path: string, text: string): Sources => new Map([[path, text]]);

describe("the check for breaches", () => {
  it.each([
    { id: "up", path: "src/rules/a.ts", text: 'import { b } from "../proxy/b.ts";' },
    {
      id: "up, a type",
      path: "src/remote/redis/a.ts",
      text: 'import type { B } from "../cache/b.ts";',
    },
    { id: "up, exported", path: "src/purge/a.ts", text: 'export { b } from "../admin/b.ts";' },
    { id: "up, all exported", path: "src/pages/a.ts", text: 'export * from "../admin/b.ts";' },
    {
      id: "up, all imported",
      path: "src/pages/stored/a.ts",
      text: 'import * as b from "../b.ts";',
    },
    { id: "up, on demand", path: "src/config/a.ts", text: 'const b = import("../admin/b.ts");' },
    { id: "up, for effect", path: "src/pages/respond/a.ts", text: 'import "../../app.ts";' },
    { id: "up, of a file", path: "src/app.ts", text: 'import worker from "./worker.ts";' },
    { id: "several lines", path: "src/rules/a.ts", text: 'import {\n  b,\n} from "../app.ts";' },
    { id: "single quotes", path: "src/rules/a.ts", text: "import { b } from '../app.ts';" },
    { id: "sideways", path: "src/pages/reuse/a.ts", text: 'import "../fetch/b.ts";' },
    { id: "parent", path: "src/cache/tiers/a.ts", text: 'import { b } from "../b.ts";' },
    { id: "leaf", path: "src/base/operator-error.ts", text: 'import { b } from "./rules/b.ts";' },
    { id: "local", path: "src/worker.ts", text: 'import { b } from "../local/b.ts";' },
    { id: "test", path: "src/pages/a.ts", text: 'import { b } from "../../test/b.ts";' },
    { id: "command", path: "src/app.ts", text: 'import { b } from "../packages/cli/src/b.ts";' },
    { id: "utils", path: "src/rules/utils.ts" },
    { id: "helpers", path: "src/pages/helpers.ts" },
    { id: "common", path: "src/common.d.ts", count: 2 },
    { id: "types", path: "src/cache/types.ts" },
    { id: "index", path: "src/rules/index.ts" },
    { id: "unknown folder", path: "src/lib/a.ts" },
    { id: "unknown subfolder", path: "src/rules/deep/a.ts" },
    { id: "unknown module", path: "src/other.ts" },
    { id: "own folder", path: "src/rules/a.ts", text: 'import "./b.ts";', count: 0 },
    { id: "down", path: "src/pages/a.ts", text: 'import "../rules/b.ts";', count: 0 },
    { id: "step", path: "src/pages/fetch/a.ts", text: 'import "../reuse/b.ts";', count: 0 },
    { id: "package", path: "src/remote/redis/a.ts", text: 'import "@upstash/redis";', count: 0 },
    { id: "entry", path: "src/hono.ts", text: 'import { b } from "./worker.ts";', count: 0 },
    { id: "string", path: "src/rules/a.ts", text: 'const b = `from "../app.ts"`;', count: 0 },
  ])("finds breaches if there are any: $id, $path", ({ path, text = "", count = 1 }) => {
    expect(breaches(one(path, text))).toHaveLength(count);
  });

  it.each([
    { from: "../commands/b.ts", count: 1 },
    { from: "../world.ts", count: 0 },
    { from: "../../../../src/app.ts", count: 1 },
    { from: "../../../../src/rules/fields.ts", count: 1 },
    { from: "../../../../src/tidemark.ts", count: 0 },
    { from: "../../../../src/protocol/answers.ts", count: 0 },
    { from: "../../../../local/site.ts", count: 1 },
  ])("finds a breach of the command if there is one: $from", ({ from, count }) => {
    const sources = one("packages/cli/src/site/a.ts", `import { b } from "${from}";`);
    expect(breaches(sources, command)).toHaveLength(count);
  });

  it("accepts imports of the command from src/ only for messages, exports of the package and codes of explain", () => {
    const accepted = Object.values(command.mayImportOutside).flat();
    const inside = accepted.filter(
      (path) => !["src/protocol/", codesOfExplain, ...published].includes(path),
    );
    expect(inside.filter((path) => path.startsWith("src"))).toEqual([]);
  });
});

it("the package exports each file that begins with `// Exports of`, and documents it", () => {
  const exporting = [...sourcesIn("src")].filter(([, text]) => text.startsWith("// Exports of"));
  const page = readFileSync("docs/reference/exports.md", "utf8");
  const named = exporting.map(([, text]) => /`(tidemark[/\w-]*)`/.exec(text)?.[1] ?? "");
  expect(exporting.map(([path]) => path).toSorted()).toEqual(published.toSorted());
  expect(named.filter((name) => !page.includes(`## ${name}\n`))).toEqual([]);
});
