// What is started in a folder: which files count, and which variable goes before which.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readFolder } from "../../src/start/folder-project.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
  const exports = { ".": "./a.js", "./worker": "./a.js" };
  await written("node_modules/tidemark/package.json", JSON.stringify({ exports }));
  await written("node_modules/tidemark/a.js", "");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, text: string): Promise<void> {
  await mkdir(join(folder, name, ".."), { recursive: true });
  await writeFile(join(folder, name), text);
}

describe("variables", () => {
  it.each([
    ["the file's", undefined, { ORIGIN_URL: "https://a.test", X: "1" }],
    [".dev.vars first", "X='2'\n# no\nY=3", { ORIGIN_URL: "https://a.test", X: "2", Y: "3" }],
    [
      "a host of this machine alone",
      "SITE_HOST=www.localhost",
      { ORIGIN_URL: "https://a.test", X: "1", SITE_HOST: "www.localhost" },
    ],
  ])("%s", async (_id, local, came) => {
    const vars = { ORIGIN_URL: "https://a.test", X: "1", SITE_HOST: "www.a.test" };
    await written("wrangler.json", JSON.stringify({ main: "a.js", vars }));
    if (local !== undefined) await written(".dev.vars", local);
    expect((await readFolder(folder, undefined)).variables).toEqual(came);
  });
});

describe("the configuration", () => {
  it.each([
    ["of the folder", ["tidemark.config.ts"], undefined, "tidemark.config.ts"],
    ["in JavaScript", ["tidemark.config.mjs"], undefined, "tidemark.config.mjs"],
    ["that is named", ["tidemark.config.ts"], "other.ts", "other.ts"],
  ])("%s", async (_id, files, named, config) => {
    for (const file of files) await written(file, "");
    const path = named === undefined ? undefined : join(folder, named);
    const project = await readFolder(folder, path);
    expect([project.config, project.main]).toEqual([join(folder, config), undefined]);
    expect(project.library.folder).toBe(folder);
  });

  it("is not needed beside a main module", async () => {
    await written("wrangler.toml", 'main = "src/a.ts"');
    const { config, main } = await readFolder(folder, undefined);
    expect([config, main]).toEqual([undefined, join(folder, "src/a.ts")]);
  });
});

it("takes a copy of the repository by its sources", async () => {
  await written("wrangler.toml", 'main = "worker.ts"');
  await written("src/tidemark.ts", "");
  await written("src/config/config.ts", "");
  const { library } = await readFolder(folder, undefined);
  expect(library.alias).toEqual({
    tidemark: join(folder, "src/config/config.ts"),
    "tidemark/senders": join(folder, "src/senders.ts"),
  });
});
