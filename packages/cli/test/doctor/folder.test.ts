// What doctor finds in a folder: each trouble brought about, and a folder in which all is well.
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DoctorFinding } from "../../src/doctor/finding.ts";
import { readFolder } from "../../src/doctor/folder/folder-read.ts";
import { originInFolder } from "../../src/doctor/folder/origin-in-folder.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { type Files, others, ownOfAll, rows, secrets, well, wrangler } from "./folder-rows.ts";

const hasGit = spawnSync("git", ["--version"]).status === 0;

async function found(files: Files, isRepository = false) {
  const user = await FakeUser.at();
  for (const [name, text] of Object.entries(files)) {
    const path = join(user.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, name === "secrets.env" ? 0o644 : 0o600);
  }
  if (isRepository) execFileSync("git", ["init", "--quiet", user.folder]);
  const { code, out, notes } = await user.runs(["doctor", "--json"]);
  expect(notes).toBe("");
  const told = JSON.parse(out) as { findings: DoctorFinding[]; notLookedAt: string[] };
  return { code, ...told, out };
}

const codesOf = (findings: readonly DoctorFinding[]) =>
  findings.map(({ code, level, about }) => [code, level, ...(about ? [about] : [])].join(" "));

it.skipIf(!hasGit)("says nothing of a folder in which all is well", async () => {
  const ignored = { "secrets.json": JSON.stringify(secrets), ".gitignore": "secrets.json" };
  const { code, findings } = await found({ ...others, ...wrangler({}), ...ignored }, true);
  expect(findings).toEqual([]);
  expect(code).toBe(0);
});

it("says nothing of TOML in which all is well, with an environment", async () => {
  const toml = `
main = "src/worker.ts"
compatibility_date = 2026-11-01
workers_dev = false
routes = [{ pattern = "www.site.test", custom_domain = true }]
[vars]
ORIGIN_URL = "https://origin.site.test"
[triggers]
crons = ["* * * * *"]
[env.staging]
routes = [{ pattern = "staging.site.test", custom_domain = true }]
vars = { ORIGIN_URL = "https://origin-staging.site.test" }
`;
  const { findings } = await found({
    ...others,
    "tidemark.config.ts": "// hotKeys: 50",
    "wrangler.toml": toml,
  });
  expect(findings).toEqual([]);
});

describe("a folder", () => {
  it.each(rows)("$name", async ({ files, codes }) => {
    const all = { ...others, ...wrangler({}), ...files };
    // A row that brings a wrangler file of its own brings all that it is about.
    const isAlone = "wrangler.toml" in files && !("wrangler.jsonc" in files);
    const { findings, code, out } = await found(isAlone ? { ...others, ...files } : all);
    expect(codesOf(findings)).toEqual(codes);
    expect(code).toBe(codes.every((one) => / info\b/.test(one)) ? 0 : 3);
    for (const secret of [secrets.ADMIN_TOKEN, "= secret"]) expect(out).not.toContain(secret);
  });

  it.skipIf(!hasGit)("with secrets that git would take", async () => {
    const files = { ...others, ...wrangler({}), "secrets.json": JSON.stringify(secrets) };
    const { findings, out } = await found(files, true);
    expect(codesOf(findings)).toEqual(["secret-file-not-ignored critical the file secrets.json"]);
    expect(out).not.toContain(secrets.ADMIN_TOKEN);
  });

  it("names the line that cannot be read", async () => {
    const { findings } = await found({ "wrangler.jsonc": '{\n "main": "a"\n "b": 1 }' });
    expect(findings[0]?.cause).toBe("Line 3, column 2: CommaExpected.");
  });

  it("needs no ORIGIN_URL where its code is the origin", async () => {
    const worker =
      'import { tidemark } from "tidemark/hono"; export default tidemark(app, config);';
    const files = wrangler({ vars: { SITE_HOST: "www.site.test" } });
    const { findings } = await found({ ...others, ...files, "src/worker.ts": worker });
    expect(findings).toEqual([]);
  });

  it("tells what the top has in common with its environments once", async () => {
    const { findings } = await found({
      ...others,
      ...wrangler({ main: "x.ts", env: { a: ownOfAll, b: ownOfAll } }),
    });
    expect(codesOf(findings)).toEqual(["main-missing critical"]);
  });

  it("judges environments alone where the top is their ground", async () => {
    const { main, compatibility_date, workers_dev, triggers, ...own } = well;
    const text = JSON.stringify({
      main,
      compatibility_date,
      workers_dev,
      triggers,
      env: { a: own },
    });
    expect((await found({ ...others, "wrangler.jsonc": text })).findings).toEqual([]);
  });
});

const sites = [
  { site: "https://www.site.test", origin: "https://www.site.test" },
  { site: "https://shop.test", origin: "https://origin-shop.test" },
  { site: "https://a.wide.test", origin: "https://origin-wide.test" },
  { site: "https://other.test", origin: undefined },
  { site: undefined, origin: undefined },
] as const;

it("shows no password of a SITE_HOST that is a URL", async () => {
  const vars = { ...well.vars, SITE_HOST: "https://ada:secret-word@www.site.test" };
  const { findings, out } = await found({ ...others, ...wrangler({ vars }) });
  expect(findings.map(({ code }) => code)).toContain("site-host-wrong");
  expect(out).not.toContain("secret-word");
});

it.each(sites)("names the origin of $site", async ({ site, origin }) => {
  const user = await FakeUser.at();
  const env = {
    shop: {
      routes: [],
      vars: { ORIGIN_URL: "https://origin-shop.test", SITE_HOST: "x shop.test" },
    },
    wide: { routes: ["*.wide.test/*"], vars: { ORIGIN_URL: "https://origin-wide.test" } },
  };
  const vars = { ORIGIN_URL: "https://www.site.test" };
  const text = JSON.stringify({ ...well, vars, env });
  await writeFile(join(user.folder, "wrangler.json"), text);
  expect(originInFolder(await readFolder(user.folder), site)).toBe(origin);
});

const refused = [
  { name: "nothing to look at", args: [], says: "There is nothing to check." },
  { name: "a folder that is not there", args: ["--folder", "x"], says: "There is no folder" },
  { name: "an origin with a path", args: ["--origin", "https://a.test/x"], says: "has a path" },
  {
    name: "a mistyped option",
    args: ["--orgin", "https://a.test"],
    says: "Did you mean --origin?",
  },
] as const;

it.each(refused)("refuses $name", async ({ args, says }) => {
  const user = await FakeUser.at();
  const ran = await user.runs(["doctor", ...args]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain(says);
});
