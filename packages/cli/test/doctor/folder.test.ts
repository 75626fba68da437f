// What doctor finds in a folder: each trouble brought about, and a folder in which all is well.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { DoctorFinding } from "../../src/doctor/finding.ts";
import { readFolder } from "../../src/doctor/folder/folder-read.ts";
import { originInFolder } from "../../src/doctor/folder/origin-in-folder.ts";
import { FakeUser } from "../fakes/fake-world.ts";

type Files = Readonly<Record<string, string>>;

const secrets = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "token-of-a-database",
  ADMIN_TOKEN: "token-of-an-operator",
};

const well = {
  main: "src/worker.ts",
  compatibility_date: "2026-11-01",
  workers_dev: false,
  preview_urls: false,
  routes: [{ pattern: "www.site.test/*", zone_name: "site.test" }],
  vars: { ORIGIN_URL: "https://www.site.test", SITE_HOST: "www.site.test" } as object,
  triggers: { crons: ["* * * * *"] },
  ratelimits: [
    { name: "ORIGIN_LIMITER", namespace_id: "1", simple: { limit: 300, period: 60 } },
  ] as object[],
  analytics_engine_datasets: [{ binding: "METRICS", dataset: "tidemark" }],
};

const others: Files = {
  "src/worker.ts": "export default createWorker(config);",
  "tidemark.config.ts": "export default defineConfig({ hotKeys: 50 });",
};

const wrangler = (changes: object): Files => ({
  "wrangler.jsonc": JSON.stringify({ ...well, ...changes }),
});

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

it("says nothing of a folder in which all is well", async () => {
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

const ofStaging = (staging: object) => wrangler({ env: { staging } });
const domain = [{ pattern: "www.site.test", custom_domain: true }];
const about = 'environment "staging"';

const rows: readonly { name: string; files: Files; codes: readonly string[] }[] = [
  {
    name: "a line of JSON that cannot be read",
    files: { "wrangler.jsonc": '{\n "main": "a"\n "b": 1 }' },
    codes: ["wrangler-syntax critical the file wrangler.jsonc"],
  },
  {
    name: "a line of TOML that cannot be read",
    files: { "wrangler.toml": 'main = "a"\nvars = secret' },
    codes: ["wrangler-syntax critical the file wrangler.toml"],
  },
  {
    name: "two wrangler files",
    files: { ...wrangler({}), "wrangler.toml": 'main = "x"' },
    codes: ["wrangler-several warning"],
  },
  { name: "no main", files: wrangler({ main: undefined }), codes: ["main-missing critical"] },
  { name: "no such main", files: wrangler({ main: "x.ts" }), codes: ["main-missing critical"] },
  {
    name: "no date",
    files: wrangler({ compatibility_date: undefined }),
    codes: ["compatibility-date warning"],
  },
  {
    name: "an old date",
    files: wrangler({ compatibility_date: "2024-12-31" }),
    codes: ["compatibility-date warning"],
  },
  {
    name: "no origin",
    files: wrangler({ vars: { SITE_HOST: "a.test" } }),
    codes: ["origin-missing critical"],
  },
  {
    name: "an origin with a path",
    files: wrangler({ vars: { ORIGIN_URL: "https://a.test/x", SITE_HOST: "b.test" } }),
    codes: ["origin-wrong critical"],
  },
  {
    name: "the origin of the example",
    files: wrangler({ vars: { ORIGIN_URL: "https://www.example.com", SITE_HOST: "b.test" } }),
    codes: ["origin-wrong warning"],
  },
  {
    name: "a custom domain that is the origin's",
    files: wrangler({ routes: domain }),
    codes: ["origin-is-self critical"],
  },
  {
    name: "the flag that turns a route's fetch into a loop",
    files: wrangler({ compatibility_flags: ["global_fetch_strictly_public"] }),
    codes: ["strict-fetch-flag critical"],
  },
  {
    name: "hot keys without SITE_HOST",
    files: wrangler({ vars: { ORIGIN_URL: "https://www.site.test" } }),
    codes: ["site-host-missing warning"],
  },
  {
    name: "a SITE_HOST that is a URL",
    files: wrangler({ vars: { ...well.vars, SITE_HOST: "https://www.site.test" } }),
    codes: ["site-host-wrong critical"],
  },
  {
    name: "a NAMESPACE with a space",
    files: wrangler({ vars: { ...well.vars, NAMESPACE: "a b" } }),
    codes: ["namespace-wrong critical"],
  },
  {
    name: "no route",
    files: wrangler({ routes: [], workers_dev: true }),
    codes: ["no-route info"],
  },
  { name: "no route, and no workers.dev either", files: wrangler({ routes: [] }), codes: [] },
  {
    name: "an ORIGIN that is a Worker",
    files: wrangler({
      vars: { SITE_HOST: "www.site.test" },
      services: [{ binding: "ORIGIN", service: "my-site" }],
    }),
    codes: [],
  },
  {
    name: "workers.dev left on",
    files: wrangler({ workers_dev: true }),
    codes: ["workers-dev warning"],
  },
  {
    name: "previews left on",
    files: wrangler({ preview_urls: true }),
    codes: ["preview-urls warning"],
  },
  {
    name: "secrets in vars",
    files: wrangler({ vars: { ...well.vars, ADMIN_TOKEN: secrets.ADMIN_TOKEN } }),
    codes: ["secret-in-vars critical"],
  },
  {
    name: "a database without its token",
    files: {
      ".dev.vars": "UPSTASH_REDIS_REST_URL=https://db.upstash.io\nUPSTASH_REDIS_REST_TOKEN=",
    },
    codes: ["secret-half-set warning the file .dev.vars"],
  },
  {
    name: "a token that can be guessed",
    files: { ".dev.vars": "ADMIN_TOKEN=short" },
    codes: ["secret-not-usable warning the file .dev.vars"],
  },
  {
    name: "a secret of purges that is none",
    files: { "secrets.json": '{ "PURGE_SECRET": "abc" }' },
    codes: ["secret-not-usable warning the file secrets.json"],
  },
  {
    name: "secrets that are no JSON",
    files: { "secrets.json": "ADMIN_TOKEN=x" },
    codes: ["secret-not-usable warning the file secrets.json"],
  },
  {
    name: "secrets that others may read",
    files: { "secrets.env": `ADMIN_TOKEN=${secrets.ADMIN_TOKEN}` },
    codes: ["secret-file-open warning the file secrets.env"],
  },
  {
    name: "a limiter without its namespace",
    files: wrangler({ ratelimits: [{ name: "ORIGIN_LIMITER", simple: { limit: 1, period: 60 } }] }),
    codes: ["binding-incomplete warning"],
  },
  {
    name: "a limiter with a period that there is not",
    files: wrangler({
      ratelimits: [{ name: "ORIGIN_LIMITER", namespace_id: "1", simple: { limit: 1, period: 30 } }],
    }),
    codes: ["binding-incomplete warning"],
  },
  {
    name: "an ORIGIN that names no service",
    files: wrangler({ services: [{ binding: "ORIGIN" }] }),
    codes: ["binding-incomplete critical"],
  },
  {
    name: "METRICS as a variable",
    files: wrangler({ vars: { ...well.vars, METRICS: "tidemark" } }),
    codes: ["binding-incomplete warning"],
  },
  {
    name: "hot keys without a cron trigger",
    files: wrangler({ triggers: { crons: [] } }),
    codes: ["cron-missing warning"],
  },
  {
    name: "Workers Cache before the Worker",
    files: wrangler({ cache: { enabled: true } }),
    codes: ["workers-cache critical"],
  },
  {
    name: "an environment without the variables and bindings of the top",
    files: ofStaging({ vars: { ORIGIN_URL: "https://www.site.test" } }),
    codes: [`site-host-missing warning ${about}`, `environment-lacks warning ${about}`],
  },
  {
    name: "an environment without an origin",
    files: ofStaging({
      ratelimits: well.ratelimits,
      analytics_engine_datasets: well.analytics_engine_datasets,
      vars: { SITE_HOST: "www.site.test" },
    }),
    codes: [`origin-missing critical ${about}`],
  },
];

/** What environments do not inherit. */
const ownOfAll = {
  vars: well.vars,
  ratelimits: well.ratelimits,
  analytics_engine_datasets: well.analytics_engine_datasets,
};

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

  it("with secrets that git would take", async () => {
    const files = { ...others, ...wrangler({}), "secrets.json": JSON.stringify(secrets) };
    const { findings, out } = await found(files, true);
    expect(codesOf(findings)).toEqual(["secret-file-not-ignored critical the file secrets.json"]);
    expect(out).not.toContain(secrets.ADMIN_TOKEN);
  });

  it("names the line that cannot be read", async () => {
    const { findings } = await found({ "wrangler.jsonc": '{\n "main": "a"\n "b": 1 }' });
    expect(findings[0]?.cause).toBe("Line 3 cannot be read: CommaExpected.");
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
  { name: "nothing to look at", args: [], says: "There is nothing to look at." },
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
