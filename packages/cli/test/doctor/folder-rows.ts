// Folders with one trouble each, and the files of a folder in which all is well.

export type Files = Readonly<Record<string, string>>;

export const secrets = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "token-of-a-database",
  ADMIN_TOKEN: "token-of-an-operator",
};

export const well = {
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

export const others: Files = {
  "src/worker.ts": "export default createWorker(config);",
  "tidemark.config.ts": "export default defineConfig({ hotKeys: 50 });",
};

export const wrangler = (changes: object): Files => ({
  "wrangler.jsonc": JSON.stringify({ ...well, ...changes }),
});

const ofStaging = (staging: object) => wrangler({ env: { staging } });
const domain = [{ pattern: "www.site.test", custom_domain: true }];
const about = 'environment "staging"';

const ofShop = "hR7kQ2vXw9Lp4TzBn6Ys";
const hooks = (written: string): Files => ({
  "tidemark.config.ts": `export default defineConfig({ hotKeys: 50, hooks: ${written} });`,
});
const overKv = 'createWorker(config, { tiers: [workersKv({ binding: "PAGES" })] });';

export const rows: readonly { name: string; files: Files; codes: readonly string[] }[] = [
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
    name: "a main that no file can be called",
    files: wrangler({ main: "a\0b" }),
    codes: ["main-missing critical"],
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
    name: "a database for the journal without its token",
    files: {
      ".dev.vars":
        "UPSTASH_REDIS_REST_URL=https://db.upstash.io\nUPSTASH_REDIS_REST_TOKEN=t\n" +
        "JOURNAL_REDIS_REST_URL=https://journal.upstash.io",
    },
    codes: ["secret-half-set warning the file .dev.vars"],
  },
  {
    name: "a token that can be guessed",
    files: { ".dev.vars": "ADMIN_TOKEN=short" },
    codes: ["secret-not-usable warning the file .dev.vars"],
  },
  {
    name: "a token that everybody tries",
    files: { ".dev.vars": "ADMIN_TOKEN=changemechangeme" },
    codes: ["secret-not-usable warning the file .dev.vars"],
  },
  {
    name: "a token of three words, and a database without TLS",
    files: {
      ".dev.vars":
        "ADMIN_TOKEN=battery-staple-horse\nUPSTASH_REDIS_REST_URL=http://db.example.com\nUPSTASH_REDIS_REST_TOKEN=t",
    },
    codes: ["secret-weak warning the file .dev.vars", "secret-weak warning the file .dev.vars"],
  },
  {
    name: "a secret of purges that is none",
    files: { "secrets.json": '{ "PURGE_SECRET": "abc" }' },
    codes: ["secret-not-usable warning the file secrets.json"],
  },
  {
    name: "a secret of a hook in vars",
    files: wrangler({ vars: { ...well.vars, HOOK_SECRET_SHOP: "x" } }),
    codes: ["secret-in-vars critical"],
  },
  {
    name: "a secret of a hook that others may read",
    files: { "secrets.env": `HOOK_SECRET_SHOP=${ofShop}`, ...hooks("{ shop: sender }") },
    codes: ["secret-file-open warning the file secrets.env"],
  },
  {
    name: "a secret of a hook that is short, and one of words",
    files: {
      ".dev.vars": "HOOK_SECRET_SHOP=short\nHOOK_SECRET_MY_CMS=purple-elephant-42",
      ...hooks('{ shop: sender, "my-cms": sender }'),
    },
    codes: [
      "secret-not-usable warning the file .dev.vars",
      "secret-weak warning the file .dev.vars",
    ],
  },
  {
    name: "a secret without its hook",
    files: { ".dev.vars": `HOOK_SECRET_MYSHOP=${ofShop}`, ...hooks('{ "my-shop": sender }') },
    codes: ["secret-half-set warning the file .dev.vars"],
  },
  {
    name: "a secret without any hook",
    files: { ".dev.vars": `HOOK_SECRET_SHOP=${ofShop}` },
    codes: ["secret-half-set warning the file .dev.vars"],
  },
  ...["hooks", "{ ...hooks }"].map((written) => ({
    name: `a secret of a hook that another file may name: ${written}`,
    files: { ".dev.vars": `HOOK_SECRET_SHOP=${ofShop}`, ...hooks(written) },
    codes: [],
  })),
  {
    name: "a namespace of Workers KV that is not bound",
    files: { "src/worker.ts": overKv },
    codes: ["binding-incomplete warning"],
  },
  {
    name: "a namespace of Workers KV that is bound",
    files: { "src/worker.ts": overKv, ...wrangler({ kv_namespaces: [{ binding: "PAGES" }] }) },
    codes: [],
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
export const ownOfAll = {
  vars: well.vars,
  ratelimits: well.ratelimits,
  analytics_engine_datasets: well.analytics_engine_datasets,
};
