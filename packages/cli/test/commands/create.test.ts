// Tests `tidemark create`: the files, the choice of the stores, and the folders that it refuses.
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { describe, expect, it } from "vitest";
import { templatePaths } from "../../src/init/site-template.ts";
import { FakeUser, type FakeWorldOptions } from "../fakes/fake-world.ts";

const UPSTASH_REDIS_REST_URL = "https://db.upstash.io";
const objects = {
  durable_objects: {
    bindings: [
      { name: "JOURNAL", class_name: "TidemarkJournal" },
      { name: "RECORDS", class_name: "TidemarkRecords" },
    ],
  },
  exports: {
    TidemarkJournal: { type: "durable-object", storage: "sqlite" },
    TidemarkRecords: { type: "durable-object", storage: "sqlite" },
  },
};

async function created(args: readonly string[] = [], options: FakeWorldOptions = {}) {
  const user = await FakeUser.at(options);
  const ran = await user.runs(["create", "my-site", ...args]);
  const textOf = (path: string) => readFile(join(user.folder, "my-site", path), "utf8");
  return { ...ran, user, textOf };
}

it("create writes the template, names the Worker, and prints the next three commands", async () => {
  const { code, out, user, textOf } = await created();
  expect(code).toBe(0);
  expect(out.split("Next:\n")[1]?.match(/^ {2}\S+/gm)).toEqual(["  cd", "  npm", "  npm"]);
  const files = await readdir(join(user.folder, "my-site"), { recursive: true });
  expect(files).toEqual(expect.arrayContaining([...templatePaths, ".dev.vars"]));
  expect(parse(await textOf("wrangler.jsonc"))).toMatchObject({ name: "my-site", ...objects });
  expect(JSON.parse(await textOf("package.json"))).toMatchObject({ name: "my-site" });
  expect(await textOf("src/worker.ts")).toContain("stores: durableObjects()");
});

it("create writes new secrets that only the user can read", async () => {
  const [one, other] = [await created(), await created()];
  const secrets = await one.textOf(".dev.vars");
  expect(secrets).toMatch(/^PURGE_SECRET=whsec_[\w+/]{32}$/m);
  expect(secrets).toMatch(/^ADMIN_TOKEN=[0-9a-f]{48}$/m);
  expect(secrets).not.toBe(await other.textOf(".dev.vars"));
  const { mode } = await stat(join(one.user.folder, "my-site/.dev.vars"));
  expect(mode & 0o077).toBe(0);
  expect(one.out).not.toContain(/ADMIN_TOKEN=(\w+)/.exec(secrets)?.[1]);
});

describe("the stores of `tidemark create`", () => {
  it.each<[string, string[], FakeWorldOptions, "cloudflare" | "upstash"]>([
    ["no option", [], {}, "cloudflare"],
    ["--stores upstash", ["--stores", "upstash"], {}, "upstash"],
    ["a database in the environment", [], { env: { UPSTASH_REDIS_REST_URL } }, "upstash"],
    [
      "--stores cloudflare beside that",
      ["--stores", "cloudflare"],
      { env: { UPSTASH_REDIS_REST_URL } },
      "cloudflare",
    ],
  ])("follow from %s", async (_, args, options, stores) => {
    const { code, textOf } = await created(args, options);
    expect(code).toBe(0);
    const [worker, wrangler] = [await textOf("src/worker.ts"), await textOf("wrangler.jsonc")];
    const inRedis = stores === "upstash";
    expect(/^UPSTASH_REDIS_REST_TOKEN=$/m.test(await textOf(".dev.vars"))).toBe(inRedis);
    expect("durable_objects" in parse(wrangler)).toBe(!inRedis);
    expect("exports" in parse(wrangler)).toBe(!inRedis);
    expect("triggers" in parse(wrangler)).toBe(inRedis);
    const { secrets, vars } = parse(wrangler);
    const ofRedis = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
    const required = [...(inRedis ? ofRedis : []), "PURGE_SECRET", "ADMIN_TOKEN"];
    expect([secrets, vars.NAMESPACE]).toEqual([{ required }, "production"]);
    expect(await textOf(".dev.vars")).toMatch(/^NAMESPACE=dev$/m);
    expect(/durable|tidemark\/cloudflare|Durable Object/.test(worker)).toBe(!inRedis);
    expect(worker).toContain(inRedis ? "stores: upstash() }" : "stores: durableObjects() }");
  });

  it("are named cloudflare or upstash, and nothing else", async () => {
    const { code, notes, user } = await created(["--stores", "redis"]);
    expect([code, notes]).toEqual([2, expect.stringContaining("Write cloudflare or upstash.")]);
    expect(await readdir(user.folder)).toEqual([]);
  });
});

describe("the region of `tidemark create`", () => {
  const down = "\u001B[B";
  it.each<[string, string[], FakeWorldOptions, string]>([
    ["no option", [], {}, ""],
    ["--yes on a terminal", ["--yes"], { isTty: true }, ""],
    ["Enter on a terminal", [], { isTty: true, input: "\r" }, ""],
    ["a choice on a terminal", [], { isTty: true, input: [down, "\r"] }, "locationHint: wnam"],
    ["--region weur", ["--region", "weur"], {}, "locationHint: weur"],
    ["--region apac-ne", ["--region", "apac-ne"], {}, "locationHint: apac-ne"],
    ["--region eu", ["--region", "eu"], {}, "jurisdiction: eu"],
    [
      "--region beside a database in the environment",
      ["--region", "oc"],
      { env: { UPSTASH_REDIS_REST_URL } },
      "locationHint: oc",
    ],
  ])("follows from %s", async (_, args, options, place) => {
    const { code, out, textOf } = await created(args, options);
    expect(code).toBe(0);
    const worker = await textOf("src/worker.ts");
    const option = place === "" ? "" : `{ ${place.replace(/: (.*)/, ': "$1"')} }`;
    expect(worker).toContain(`stores: durableObjects(${option}) }`);
    expect(out.includes("near the first request")).toBe(place === "");
  });

  it.each([
    ["no region", ["--region", "europe"], "Write one of wnam, enam,"],
    ["of Redis", ["--region", "eu", "--stores", "upstash"], "Choose the region of the database"],
  ])("is refused if it is %s", async (_, args, says) => {
    const { code, notes, user } = await created(args);
    expect([code, notes]).toEqual([2, expect.stringContaining(says)]);
    expect(await readdir(user.folder)).toEqual([]);
  });
});

describe("`tidemark create` refuses", () => {
  it.each([
    ["a folder with a file", (path: string) => writeFile(join(path, "a.txt"), ""), "is not empty"],
    ["a folder with a folder", (path: string) => mkdir(join(path, "a")), "is not empty"],
    [
      "a folder with a dangling link",
      (path: string) => symlink("nowhere", join(path, "README.md")),
      "is not empty",
    ],
  ])("%s", async (_, put, says) => {
    const user = await FakeUser.at();
    await put(user.folder);
    const before = await readdir(user.folder);
    const { code, notes } = await user.runs(["create", "."]);
    expect([code, notes]).toEqual([2, expect.stringContaining(says)]);
    expect(await readdir(user.folder)).toEqual(before);
  });

  it("a file", async () => {
    const user = await FakeUser.at();
    await writeFile(join(user.folder, "my-site"), "mine");
    const { code, notes } = await user.runs(["create", "my-site"]);
    expect([code, notes]).toEqual([2, expect.stringContaining("ENOTDIR")]);
    expect(await readFile(join(user.folder, "my-site"), "utf8")).toBe("mine");
  });
});

it("create accepts a new git repository, and names no cd for this folder", async () => {
  const user = await FakeUser.at();
  await mkdir(join(user.folder, ".git"));
  const { code, out } = await user.runs(["create", "."]);
  expect(code).toBe(0);
  expect(out).not.toContain("cd ");
});
