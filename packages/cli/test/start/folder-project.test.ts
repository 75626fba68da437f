// Tests how `tidemark start` reads a project: its files, and the precedence of its variables.
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { readFolder, storesOf } from "../../src/start/own-site.ts";
import { tempFolder } from "../fakes/temp-folder.ts";

const folder = tempFolder();
const inFolder = (name: string) => join(folder.path, name);

beforeEach(async () => {
  await install("worker operate esi query slices");
  await folder.write("node_modules/tidemark/a.js", "");
});

function install(parts: string) {
  const exports = parts.split(" ").map((part) => [`./${part}`, "./a.js"]);
  const manifest = JSON.stringify({ exports: Object.fromEntries(exports) });
  return folder.write("node_modules/tidemark/package.json", manifest);
}

describe("the variables of a project", () => {
  it.each([
    ["only the wrangler file", undefined, { ORIGIN_URL: "https://a.test", X: "1" }],
    [
      ".dev.vars over the wrangler file",
      "X='2'\n# no\nY=3",
      { ORIGIN_URL: "https://a.test", X: "2", Y: "3" },
    ],
    [
      "SITE_HOST only from .dev.vars",
      "SITE_HOST=www.localhost",
      { ORIGIN_URL: "https://a.test", X: "1", SITE_HOST: "www.localhost" },
    ],
  ])("come from the expected file: %s", async (_id, local, came) => {
    const vars = { ORIGIN_URL: "https://a.test", X: "1", SITE_HOST: "www.a.test" };
    await folder.write("wrangler.json", JSON.stringify({ main: "a.js", vars }));
    if (local !== undefined) await folder.write(".dev.vars", local);
    expect((await readFolder(folder.path, undefined)).variables).toEqual(came);
  });
});

describe("the configuration of a project", () => {
  it.each([
    ["in TypeScript in the folder", ["tidemark.config.ts"], undefined, "tidemark.config.ts"],
    ["in JavaScript in the folder", ["tidemark.config.mjs"], undefined, "tidemark.config.mjs"],
    ["at a named path", ["tidemark.config.ts"], "other.ts", "other.ts"],
  ])("is found: %s", async (_id, files, named, config) => {
    for (const file of files) await folder.write(file, "");
    const path = named === undefined ? undefined : inFolder(named);
    const project = await readFolder(folder.path, path);
    expect([project.config, project.main]).toEqual([inFolder(config), undefined]);
    expect(project.library.folder).toBe(folder.path);
  });

  it("is not that of cf, which a note says", async () => {
    await folder.write("tidemark.config.ts", "");
    await folder.write("cloudflare.config.ts", "");
    const { main, notes } = await readFolder(folder.path, undefined);
    expect([main, notes]).toEqual([undefined, [expect.stringContaining("cf is not read.")]]);
  });

  it("is not needed if there is a main module", async () => {
    await folder.write("wrangler.toml", 'main = "src/a.ts"');
    const { config, main } = await readFolder(folder.path, undefined);
    expect([config, main]).toEqual([undefined, inFolder("src/a.ts")]);
  });
});

describe("the stores of a project", () => {
  const bindings = [{ name: "JOURNAL", class_name: "TidemarkJournal" }];
  const url = "UPSTASH_REDIS_REST_URL=https://db.upstash.io";
  it.each([
    ["its journal is in an object", bindings, "", "cloudflare", 0],
    ["it also has a database", bindings, `${url}\nUPSTASH_REDIS_REST_TOKEN=t0ken`, "redis", 0],
    ["its database has no token", bindings, url, "cloudflare", 1],
    ["it binds no object", [], "", "redis", 0],
  ])("do not include Redis unless needed: %s", async (_id, bound, local, stores, noteCount) => {
    const migrations = [{ tag: "v1", new_sqlite_classes: ["TidemarkJournal"] }];
    const table = { main: "a.js", durable_objects: { bindings: bound }, migrations };
    await folder.write("wrangler.json", JSON.stringify(table));
    await folder.write(".dev.vars", local);
    const project = await readFolder(folder.path, undefined);
    expect([storesOf(project), project.notes.length]).toEqual([stores, noteCount]);
  });
});

it("`readFolder` maps the package to its sources in a copy of the repository", async () => {
  await folder.write("wrangler.toml", 'main = "worker.ts"');
  await folder.write("src/tidemark.ts", "");
  await folder.write("src/config/config.ts", "");
  const { library } = await readFolder(folder.path, undefined);
  expect(library.alias).toMatchObject({
    tidemark: inFolder("src/tidemark.ts"),
    "tidemark/esi": inFolder("src/parts/esi/esi.ts"),
  });
});
