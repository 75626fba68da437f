// Imports in src/ point down only: reads the import lines of every file and names each breach.
import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

/** Modules that stand in src/ itself and import nothing of ours. */
const leaves = ["elapsed", "error-name", "let-go", "operator-error", "patience", "sha256"];
const core = ["http", "observe", "redis", "config", "cache", "purge", ...leaves];

/** A place is a folder directly below src/, or a module that stands in src/ itself; and what it may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(leaves.map((leaf) => [leaf, []])),
  http: [],
  // What a site imports stands by itself.
  purger: [],
  observe: ["http"],
  config: ["http", ...leaves],
  redis: ["http", "observe", ...leaves],
  cache: ["http", "observe", "redis", "config", "proxy", ...leaves],
  purge: ["http", "observe", "redis", "cache", "proxy", ...leaves],
  platform: ["http", "config", ...leaves],
  proxy: core,
  data: core,
  admin: ["platform", "proxy", ...core],
  "create-cache": ["platform", "proxy", ...core],
  "create-proxy": ["create-cache", "platform", "proxy", ...core],
  app: ["create-cache", "create-proxy", "platform", "data", "admin", "proxy", ...core],
  worker: ["app", "platform", "data", "admin", "proxy", ...core],
};

const importLines = [
  /^(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?\s*from\s*["']([^"']+)["']/gm,
  /^import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["'`]([^"'`]+)["'`]/g,
];

/** @returns what the text imports, as it is written there, types and dynamic imports included */
function imported(text: string): string[] {
  return importLines.flatMap((line) => [...text.matchAll(line)].map(([, from]) => from ?? ""));
}

/** @param path such as `src/http/ranges.ts` */
function placeOf(path: string): string {
  return (path.split("/")[1] ?? "").replace(/(?:\.d)?\.ts$/, "");
}

function nameBreach(path: string): string | undefined {
  const name = posix.basename(path).replace(/(?:\.d)?\.ts$/, "");
  if (name === "index") return `${path}: no barrel files`;
  const saysNothing = ["utils", "util", "helpers", "helper", "common", "types"].includes(name);
  return saysNothing ? `${path}: a name that says nothing` : undefined;
}

function importBreach(path: string, from: string): string | undefined {
  if (from.startsWith("node:") || builtinModules.includes(from)) {
    return `${path}: ${from} is a module of Node`;
  }
  if (!from.startsWith(".")) return undefined;
  const target = posix.join(posix.dirname(path), from);
  if (!target.startsWith("src/")) {
    return /^(?:local|test|bench)\//.test(target) ? `${path}: ${from} is outside src/` : undefined;
  }
  const [place, targetPlace] = [placeOf(path), placeOf(target)];
  const allowed = place === targetPlace || (mayImport[place] ?? []).includes(targetPlace);
  return allowed ? undefined : `${path}: ${place} may not import ${targetPlace}`;
}

/** @returns one line for each breach in one file */
function breaches(path: string, text: string): string[] {
  const unknown = mayImport[placeOf(path)] === undefined;
  return [
    unknown ? `${path}: ${placeOf(path)} has no line in the table of places` : undefined,
    nameBreach(path),
    ...imported(text).map((from) => importBreach(path, from)),
  ].filter((breach) => breach !== undefined);
}

describe("src/", () => {
  const paths = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `src/${path.replaceAll("\\", "/")}`);

  it("is read at all", () => {
    const texts = paths.map((path) => readFileSync(path, "utf8"));
    expect(texts.flatMap(imported).length).toBeGreaterThan(paths.length);
  });

  it.each(paths)("%s", (path) => {
    expect(breaches(path, readFileSync(path, "utf8"))).toEqual([]);
  });
});

describe("a breach is found", () => {
  it.each([
    { id: "http-up", path: "src/http/a.ts", text: 'import { b } from "../proxy/b.ts";' },
    { id: "http-leaf", path: "src/http/a.ts", text: 'import { b } from "../operator-error.ts";' },
    { id: "redis-up", path: "src/redis/a.ts", text: 'import type { B } from "../cache/b.ts";' },
    { id: "tiers-purge", path: "src/cache/a.ts", text: 'import { b } from "../purge/b.ts";' },
    { id: "purge-admin", path: "src/purge/a.ts", text: 'export { b } from "../admin/b.ts";' },
    { id: "purge-config", path: "src/purge/a.ts", text: 'import { b } from "../config/b.ts";' },
    { id: "serve-up", path: "src/proxy/a.ts", text: 'export * from "../admin/b.ts";' },
    { id: "serve-app", path: "src/proxy/deep/a.ts", text: 'import "../../app.ts";' },
    { id: "data-admin", path: "src/data/a.ts", text: 'import * as b from "../admin/b.ts";' },
    { id: "admin-data", path: "src/admin/a.ts", text: 'const b = await import("../data/b.ts");' },
    { id: "app-worker", path: "src/app.ts", text: 'import worker from "./worker.ts";' },
    { id: "config-up", path: "src/config/config.ts", text: 'import { b } from "../proxy/b.ts";' },
    {
      id: "metrics-config",
      path: "src/observe/metrics.ts",
      text: 'import { b } from "../config/b.ts";',
    },
    { id: "leaf-down", path: "src/operator-error.ts", text: 'import { b } from "./http/b.ts";' },
    { id: "local", path: "src/worker.ts", text: 'import { b } from "../local/b.ts";' },
    { id: "test", path: "src/proxy/a.ts", text: 'import { b } from "../../test/b.ts";' },
    { id: "bench", path: "src/app.ts", text: 'import { b } from "../bench/b.ts";' },
    { id: "node", path: "src/app.ts", text: 'import { b } from "node:fs";' },
    { id: "node-bare", path: "src/app.ts", text: 'import b, { type C } from "fs/promises";' },
    { id: "several-lines", path: "src/http/a.ts", text: 'import {\n  b,\n} from "../app.ts";' },
    { id: "single-quotes", path: "src/http/a.ts", text: "import { b } from '../app.ts';" },
    { id: "utils", path: "src/http/utils.ts", text: "" },
    { id: "helpers", path: "src/proxy/helpers.ts", text: "" },
    { id: "common", path: "src/common.d.ts", text: "", count: 2 },
    { id: "types", path: "src/cache/types.ts", text: "" },
    { id: "index", path: "src/http/index.ts", text: "" },
    { id: "unknown-folder", path: "src/lib/a.ts", text: "" },
    { id: "unknown-module", path: "src/other.ts", text: "" },
  ])("$id", ({ path, text, count = 1 }) => {
    expect(breaches(path, text)).toHaveLength(count);
  });

  it.each([
    { id: "own-folder", path: "src/http/a.ts", text: 'import { b } from "./b.ts";' },
    { id: "down", path: "src/proxy/a.ts", text: 'import { b } from "../http/b.ts";' },
    { id: "package", path: "src/redis/a.ts", text: 'import { b } from "@upstash/redis";' },
    { id: "leaf", path: "src/purge/a.ts", text: 'import { b } from "../operator-error.ts";' },
    { id: "config-file", path: "src/worker.ts", text: 'import b from "../tidemark.config.ts";' },
    { id: "in-a-string", path: "src/http/a.ts", text: 'const b = `from "../app.ts"`;' },
  ])("and only a breach: $id", ({ path, text }) => {
    expect(breaches(path, text)).toEqual([]);
  });
});
