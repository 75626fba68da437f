// Tests the findings of doctor in a folder: folders with one or two faults, and folders without
// faults.
import { execFileSync, spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../../../../local/bundling.ts";
import type { DoctorFinding } from "../../src/doctor/finding.ts";
import { readFolder, originInFolder } from "../../src/doctor/folder/read-folder.ts";
import { readWranglerFile } from "../../src/wrangler/wrangler-file.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { devRows } from "./dev-rows.ts";
import {
  type Files,
  halfBesideObjects,
  others,
  ownOfAll,
  rows,
  secrets,
  well,
  wrangler,
} from "./folder-rows.ts";
import { runtimeRows } from "./runtime-rows.ts";

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

it.skipIf(!hasGit)("doctor finds nothing in a folder without faults", async () => {
  const ignored = { "secrets.json": JSON.stringify(secrets), ".gitignore": "secrets.json" };
  const { code, findings } = await found({ ...others, ...wrangler({}), ...ignored }, true);
  expect(findings).toEqual([]);
  expect(code).toBe(0);
});

it("doctor says that it does not read the configuration of cf, with and without a wrangler file", async () => {
  const ofCf = { "cloudflare.config.ts": "export default {};" };
  const { findings, notLookedAt } = await found({ ...others, ...wrangler({}), ...ofCf });
  expect(findings.map(({ code }) => code)).not.toContain("wrangler-syntax");
  const note = /^cloudflare\.config\.ts of Cloudflare's command cf is not read\..*wrangler/;
  expect(notLookedAt).toContainEqual(expect.stringMatching(note));
  const user = await FakeUser.at();
  await writeFile(join(user.folder, "cloudflare.config.ts"), "export default {};");
  const alone = await user.runs(["doctor"]);
  expect([alone.code, alone.notes]).toEqual([
    2,
    expect.stringContaining("command cf is not read."),
  ]);
});

it("doctor --static checks only the folder, and sends no request", async () => {
  const user = await FakeUser.at({ env: { TIDEMARK_SITE: "https://www.site.test" } });
  const vars = { ORIGIN_URL: "https://www.example.com" };
  for (const [name, text] of Object.entries({ ...others, ...wrangler({ vars }) })) {
    const path = join(user.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
  const { code, out } = await user.runs(["doctor", "--static"]);
  expect(code).toBe(3);
  expect(out).toContain(
    "warning origin-placeholder\n  ORIGIN_URL is still the placeholder.\n  Cause: ",
  );
  expect(out).toContain("--static checks only the folder.");
  expect((await user.runs(["doctor", "--static", "--purge"])).code).toBe(2);
});

it.each([
  { site: "http://127.0.0.1:8787", isFound: false },
  { site: "https://www.site.test", isFound: true },
])("doctor reports the placeholder of a deployed site only: $site", async ({ site, isFound }) => {
  const user = await FakeUser.at({
    env: { TIDEMARK_SITE: site },
    fetch: async () => new Response(),
  });
  const vars = { ORIGIN_URL: "https://www.example.com" };
  await writeFile(join(user.folder, "wrangler.jsonc"), JSON.stringify({ vars }));
  const { out } = await user.runs(["doctor", "--json"]);
  expect(out.includes("origin-placeholder")).toBe(isFound);
});

it("doctor finds nothing in a wrangler.toml with an environment and without faults", async () => {
  const toml = `
main = "src/worker.ts"
compatibility_date = 2026-11-01
workers_dev = false
routes = [{ pattern = "www.site.test", custom_domain = true }]
[vars]
ORIGIN_URL = "https://origin.site.test"
[env.staging]
routes = [{ pattern = "staging.site.test", custom_domain = true }]
vars = { ORIGIN_URL = "https://origin-staging.site.test" }
`;
  const { findings } = await found({
    ...others,
    "wrangler.toml": toml,
  });
  expect(findings).toEqual([]);
});

/** The folders of this repository from which a Worker can be deployed. */
const shipped = globSync(["wrangler.*", "{examples,templates}/*/wrangler.*"]);

it.each(shipped)("no shipped Worker logs or traces each request: %s", async (path) => {
  expect(await readWranglerFile(dirname(path))).toMatchObject({
    table: {
      observability: {
        enabled: true,
        logs: { enabled: true, invocation_logs: false },
        traces: { enabled: false },
      },
    },
  });
});

describe("doctor in a folder", () => {
  it.each([...rows, ...devRows, ...runtimeRows])(
    "reports exactly the expected findings: %s",
    async (_, files, ...expected) => {
      // If a row has only a wrangler.toml, omit the wrangler.jsonc of the folder without faults.
      const isAlone = "wrangler.toml" in files && !("wrangler.jsonc" in files);
      const { findings, code, out } = await found({
        ...others,
        ...(isAlone ? {} : wrangler({})),
        ...files,
      });
      expect(codesOf(findings)).toEqual(expected);
      expect(code).toBe(expected.every((one) => / info\b/.test(one)) ? 0 : 3);
      for (const secret of [secrets.ADMIN_TOKEN, "= secret"]) expect(out).not.toContain(secret);
    },
  );

  it.skipIf(!hasGit)("reports a file of secrets that git does not ignore", async () => {
    const files = { ...others, ...wrangler({}), "secrets.json": JSON.stringify(secrets) };
    const { findings, out } = await found(files, true);
    expect(codesOf(findings)).toEqual(["secret-file-not-ignored critical the file secrets.json"]);
    expect(out).not.toContain(secrets.ADMIN_TOKEN);
  });

  it("does not claim that half a database beside objects turns purges off", async () => {
    const { findings } = await found({ ...others, ...halfBesideObjects });
    expect(findings.map(({ what }) => what)).toEqual(["The database is not used."]);
  });

  it("reports the line of a syntax error", async () => {
    const { findings } = await found({ "wrangler.jsonc": '{\n "main": "a"\n "b": 1 }' });
    expect(findings[0]?.cause).toBe("Line 3, column 2: CommaExpected.");
  });

  it("does not report a missing ORIGIN_URL if the Worker itself is the origin", async () => {
    const worker =
      'import { tidemark } from "tidemark/hono"; export default tidemark(app, config);';
    const files = wrangler({ vars: { SITE_HOST: "www.site.test" } });
    const { findings } = await found({ ...others, ...files, "src/worker.ts": worker });
    expect(findings).toEqual([]);
  });

  it("reports a fault in all environments only once", async () => {
    const { findings } = await found({
      ...others,
      ...wrangler({ cache: { enabled: true }, env: { a: ownOfAll, b: ownOfAll } }),
    });
    expect(codesOf(findings)).toEqual(["workers-cache critical"]);
  });

  it("reports nothing if an environment completes the settings of the top level", async () => {
    const { main, workers_dev, ...own } = well;
    const top = { main, workers_dev };
    const text = JSON.stringify({ ...top, env: { a: own } });
    expect((await found({ ...others, "wrangler.jsonc": text })).findings).toEqual([]);
  });
});

describe("the configuration of the folder", () => {
  const text = (fields: string) =>
    `import { defineConfig } from "tidemark";\nexport default defineConfig({ ${fields} });\n`;
  const withPackage = async (fields: string) => {
    const user = await FakeUser.at();
    const modules = join(user.folder, "node_modules/tidemark");
    await mkdir(modules, { recursive: true });
    await symlink(join(root, "src"), join(modules, "src"));
    await symlink(join(root, "node_modules"), join(modules, "node_modules"));
    const exports = { ".": "./src/tidemark.ts", "./worker": "./src/worker.ts" };
    await writeFile(
      join(modules, "package.json"),
      JSON.stringify({ name: "tidemark", type: "module", exports }),
    );
    await writeFile(join(user.folder, "wrangler.jsonc"), JSON.stringify(well));
    await writeFile(join(user.folder, "tidemark.config.ts"), text(fields));
    const { out } = await user.runs(["doctor", "--static", "--json"]);
    return JSON.parse(out) as { findings: DoctorFinding[]; lookedAt: string[] };
  };

  it("is loaded, and a Worker would start with it", async () => {
    const { findings, lookedAt } = await withPackage("routes: []");
    expect(findings.filter(({ code }) => code === "config-invalid")).toEqual([]);
    expect(lookedAt.join()).toContain("tidemark.config.ts");
  });

  it.each([
    ["an invalid option", 'routes: [{ name: "a" }]', "match"],
    [
      "a part that is missing",
      'parts: [{ kind: "site", name: "chart", needs: ["operate"], contents: {} }]',
      "Add operate() of tidemark/operate",
    ],
  ])("is a finding with cause and remedy: %s", async (_id, fields, says) => {
    const { findings } = await withPackage(fields);
    const invalid = findings.find(({ code }) => code === "config-invalid");
    expect(invalid).toMatchObject({ level: "critical", about: "the file tidemark.config.ts" });
    expect(JSON.stringify(invalid)).toContain(says);
  });

  it("is not loaded without the package", async () => {
    const { findings, notLookedAt } = await found({
      "wrangler.jsonc": JSON.stringify(well),
      "tidemark.config.ts": text(""),
    });
    expect(findings.filter(({ code }) => code === "config-invalid")).toEqual([]);
    expect(notLookedAt.join()).toContain("tidemark.config.ts: It is not installed in");
  });
});

it.each([
  ["https://www.site.test", "https://www.site.test"],
  ["https://shop.test", "https://origin-shop.test"],
  ["https://a.wide.test", "https://origin-wide.test"],
  ["https://other.test", undefined],
  [undefined, undefined],
])("originInFolder(), for the site %s, returns %s", async (site, origin) => {
  const user = await FakeUser.at();
  const env = {
    shop: {
      vars: { ORIGIN_URL: "https://origin-shop.test", SITE_HOST: "x shop.test" },
      routes: [],
    },
    wide: { routes: ["*.wide.test/*"], vars: { ORIGIN_URL: "https://origin-wide.test" } },
  };
  const vars = { ORIGIN_URL: "https://www.site.test" };
  const text = JSON.stringify({ ...well, vars, env });
  await writeFile(join(user.folder, "wrangler.json"), text);
  expect(originInFolder(await readFolder(user.folder), site)).toBe(origin);
});

const refused = [
  ["a command line with nothing to check", [], "There is nothing to check."],
  ["an origin with a path", ["--origin", "https://a.test/x"], "has a path"],
  [
    "--purge without a site",
    ["--origin", "https://a.test", "--purge"],
    "--purge cannot be used. No site is specified.",
  ],
] as const;

it.each(refused)("doctor exits with 2 for %s", async (_name, args, says) => {
  const user = await FakeUser.at();
  const ran = await user.runs(["doctor", ...args]);
  expect(ran).toMatchObject({ code: 2, out: "" });
  expect(ran.notes).toContain(says);
});

it("doctor exits with 2 for --page without a site, in the folder of a Worker", async () => {
  const user = await FakeUser.at();
  await writeFile(join(user.folder, "wrangler.toml"), 'name = "a"');
  const { code, notes } = await user.runs(["doctor", "--page", "/"]);
  expect(code).toBe(2);
  expect(notes).toContain("--page cannot be used. No site is specified.");
});
