// Folders for the tests of doctor: the files of a folder without faults, and folders with one or
// two faults.

export type Files = Readonly<Record<string, string>>;

export type FolderRow = [name: string, files: Files, ...findings: string[]];

export const secrets = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "token-of-a-database",
  ADMIN_TOKEN: "token-of-an-operator",
};

export const well = {
  main: "src/worker.ts",
  compatibility_date: "2026-08-04",
  workers_dev: false,
  preview_urls: false,
  routes: [{ pattern: "www.site.test/*", zone_name: "site.test" }],
  vars: { ORIGIN_URL: "https://www.site.test", SITE_HOST: "www.site.test" } as object,
};

export const others: Files = {
  "src/worker.ts": "export default createWorker(config);",
};

export const wrangler = (changes: object): Files => ({
  "wrangler.jsonc": JSON.stringify({ ...well, ...changes }),
});

/** The settings of wrangler that environments do not inherit. */
export const ownOfAll = { vars: well.vars };

export const staging = (changes: object) => wrangler({ env: { staging: changes } });
const vars = (set: object) => wrangler({ vars: set });
export const moreVars = (set: object) => vars({ ...well.vars, ...set });
export const devVars = (text: string): Files => ({ ".dev.vars": text });
const overR2: Files = {
  "src/worker.ts": 'createWorker(config, { stores: { bodies: r2Bodies({ binding: "BODIES" }) } });',
};

const overObject: Files = {
  "src/worker.ts":
    'export { TidemarkJournal } from "tidemark/cloudflare"; createWorker(config, { stores: { journal: durableObjectJournal() } });',
};
export const overHono = (given: string): Files => ({
  "src/worker.ts": `import { tidemark } from "tidemark/hono"; export default tidemark(app, config, ${given});`,
});
const objects = {
  durable_objects: { bindings: [{ name: "JOURNAL", class_name: "TidemarkJournal" }] },
};
export const exports = { TidemarkJournal: { type: "durable-object", storage: "sqlite" } };
const migrations = [{ tag: "v1", new_sqlite_classes: ["TidemarkJournal"] }];

/** An entry of wrangler's `exports`, with the setting of its Workers Cache. */
const entrypoint = (enabled: boolean) => ({ type: "worker", cache: { enabled } });

const ORIGIN_URL = "https://www.site.test";
const SITE_HOST = "www.site.test";
export const database = "UPSTASH_REDIS_REST_URL=https://db.upstash.io\nUPSTASH_REDIS_REST_TOKEN=";
const atDevVars = "warning the file .dev.vars";
export const inStaging = 'environment "staging"';

/** A folder with half a database beside a journal in an object. */
export const halfBesideObjects: Files = {
  ...devVars(database),
  ...overObject,
  ...wrangler({ ...objects, migrations }),
};

/**
 * Folders with their expected findings. Each folder contains only its differences from the folder
 * without faults.
 */
export const rows: readonly FolderRow[] = [
  [
    "a syntax error in JSON",
    { "wrangler.jsonc": '{\n "main": "a"\n "b": 1 }' },
    "wrangler-syntax critical the file wrangler.jsonc",
  ],
  [
    "a syntax error in TOML",
    { "wrangler.toml": 'main = "a"\nvars = secret' },
    "wrangler-syntax critical the file wrangler.toml",
  ],
  ["no origin", vars({ SITE_HOST: "a.test" }), "origin-missing critical"],
  [
    "a site's host with a scheme",
    moreVars({ SITE_HOST: "https://www.a.test" }),
    "site-host-wrong critical",
  ],
  ["an origin with a path", moreVars({ ORIGIN_URL: "https://a.test/x" }), "origin-wrong critical"],
  [
    "the example origin",
    moreVars({ ORIGIN_URL: "https://www.example.com" }),
    "origin-placeholder warning",
  ],
  ...["127.0.0.1:3000", "localhost", "10.1.2.3", "192.168.0.7", "172.20.0.2", "[::1]:8080"].map(
    (host): [string, Files, string] => [
      `a route before the address ${host}`,
      moreVars({ ORIGIN_URL: `http://${host}` }),
      "origin-wrong warning",
    ],
  ),
  [
    "a custom domain that is also the origin",
    wrangler({ routes: [{ pattern: "www.site.test", custom_domain: true }] }),
    "origin-is-self critical",
  ],
  ["no route", wrangler({ routes: [], workers_dev: true })],
  ["neither a route nor workers.dev", wrangler({ routes: [] })],
  [
    "an ORIGIN that is a Worker",
    wrangler({
      vars: { SITE_HOST: "www.site.test" },
      services: [{ binding: "ORIGIN", service: "my-site" }],
    }),
  ],
  ["a workers.dev address", wrangler({ workers_dev: true }), "workers-dev warning"],
  ["preview URLs", wrangler({ preview_urls: true }), "preview-urls warning"],
  ["a secret in vars", moreVars({ ADMIN_TOKEN: secrets.ADMIN_TOKEN }), "secret-in-vars critical"],
  ["a database without its token", devVars(database), `secret-half-set ${atDevVars}`],
  [
    "a database for the journal without its token",
    devVars(`${database}t\nJOURNAL_REDIS_REST_URL=https://journal.upstash.io`),
    `secret-half-set ${atDevVars}`,
  ],
  ["a short ADMIN_TOKEN", devVars("ADMIN_TOKEN=short"), `secret-not-usable ${atDevVars}`],
  [
    "a common ADMIN_TOKEN",
    devVars("ADMIN_TOKEN=changemechangeme"),
    `secret-not-usable ${atDevVars}`,
  ],
  [
    "an ADMIN_TOKEN of three words, and a database without TLS",
    devVars(
      "ADMIN_TOKEN=battery-staple-horse\nUPSTASH_REDIS_REST_URL=http://db.example.com\nUPSTASH_REDIS_REST_TOKEN=t\nNAMESPACE=dev",
    ),
    `secret-weak ${atDevVars}`,
    `secret-weak ${atDevVars}`,
  ],
  [
    "an invalid PURGE_SECRET",
    { "secrets.json": '{ "PURGE_SECRET": "abc" }' },
    "secret-not-usable warning the file secrets.json",
  ],
  ["a hook's secret in vars", moreVars({ HOOK_SECRET_SHOP: "x" }), "secret-in-vars critical"],
  ["a target's credential in vars", moreVars({ OUTWARD_SECRET_A: "x" }), "secret-in-vars critical"],
  [
    "handlers before the default of nodejs_compat",
    { ...overHono("{ stores: upstash() }"), ...wrangler({ compatibility_date: "2026-08-03" }) },
    "flag-missing critical",
  ],
  [
    "handlers with nodejs_compat in an environment",
    {
      ...overHono("{ stores: upstash() }"),
      ...wrangler({
        compatibility_date: "2025-01-01",
        compatibility_flags: ["nodejs_compat"],
        env: { staging: ownOfAll },
      }),
    },
  ],
  [
    "handlers without nodejs_compat",
    { ...overHono("{}"), ...wrangler({ compatibility_flags: ["no_nodejs_compat"] }) },
    "flag-missing critical",
  ],
  ["a data cache without stores", overHono("{ data }"), "stores-missing warning"],
  ["a data cache with stores", overHono("{ data, stores: upstash() }")],
  ["a bucket without its binding", overR2, "binding-incomplete warning"],
  ["a bound bucket", { ...overR2, ...wrangler({ r2_buckets: [{ binding: "BODIES" }] }) }],
  ["a journal's object without its binding", overObject, "binding-incomplete warning"],
  [
    "a journal's object without a migration",
    { ...overObject, ...wrangler(objects) },
    "binding-incomplete warning",
  ],
  [
    "a journal in an object with another binding",
    {
      ...wrangler({ ...objects, migrations }),
      "src/worker.ts":
        'createWorker(config, { stores: { journal: durableObjectJournal({ binding: "OTHER" }) } });',
    },
    "binding-incomplete warning",
  ],
  [
    "a journal and records in objects, without the records' binding",
    {
      ...wrangler({ ...objects, migrations }),
      "src/worker.ts":
        'export { TidemarkJournal } from "tidemark/cloudflare"; createWorker(config, { stores: durableObjects() });',
    },
    "binding-incomplete warning",
  ],
  [
    "records in objects",
    {
      ...wrangler({
        durable_objects: { bindings: [{ name: "RECORDS", class_name: "TidemarkRecords" }] },
        migrations: [{ tag: "v1", new_sqlite_classes: ["TidemarkRecords"] }],
      }),
      "src/worker.ts":
        'export * from "tidemark/cloudflare"; createWorker(config, { stores: { records: durableObjectRecords({ objects: 4 }) } });',
    },
  ],
  [
    "a journal's object whose class is not exported",
    {
      ...wrangler({ ...objects, migrations }),
      "src/worker.ts":
        'import { TidemarkJournal } from "tidemark/cloudflare"; export default createWorker(config, { stores: { journal: durableObjectJournal() } });',
    },
    "binding-incomplete warning",
  ],
  ["a journal's object", { ...overObject, ...wrangler({ ...objects, migrations }) }],
  [
    "a journal's object in exports, inherited by an environment",
    {
      ...overObject,
      ...wrangler({
        ...objects,
        exports,
        env: { staging: { vars: { ORIGIN_URL, SITE_HOST }, ...objects } },
      }),
    },
  ],
  [
    "a journal's object in exports without SQLite",
    {
      ...overObject,
      ...wrangler({
        ...objects,
        exports: { TidemarkJournal: { type: "durable-object", storage: "legacy-kv" } },
      }),
    },
    "binding-incomplete warning",
  ],
  [
    "a secrets.json that is not JSON",
    { "secrets.json": "ADMIN_TOKEN=x" },
    "secret-not-usable warning the file secrets.json",
  ],
  [
    "a secret that was not filled in",
    { "secrets.json": '{ "PURGE_SECRET": "", "ADMIN_TOKEN": "token-of-an-operator" }' },
    "secret-not-usable warning the file secrets.json",
  ],
  [
    "secrets that others may read",
    { "secrets.env": `ADMIN_TOKEN=${secrets.ADMIN_TOKEN}` },
    "secret-file-open warning the file secrets.env",
  ],
  ["an enabled Workers Cache", wrangler({ cache: { enabled: true } }), "workers-cache critical"],
  ["a disabled Workers Cache", wrangler({ cache: { enabled: false, cross_version_cache: true } })],
  [
    "a Workers Cache that the default entrypoint turns off",
    wrangler({ cache: { enabled: true }, exports: { default: entrypoint(false) } }),
  ],
  [
    "a Workers Cache that only the default entrypoint turns on",
    wrangler({ exports: { default: entrypoint(true) } }),
    "workers-cache critical",
  ],
  [
    "a Workers Cache for another entrypoint by inheritance, beside a Durable Object",
    wrangler({
      cache: { enabled: true },
      exports: { default: entrypoint(false), Assets: { type: "worker" }, ...exports },
    }),
    "workers-cache info",
  ],
  [
    "a Workers Cache that an environment turns on",
    wrangler({
      cache: { enabled: false },
      env: { staging: { ...ownOfAll, cache: { enabled: true } } },
    }),
    `workers-cache critical ${inStaging}`,
  ],
  [
    "a Workers Cache that an environment turns off",
    wrangler({
      cache: { enabled: true },
      env: { staging: { ...ownOfAll, cache: { enabled: false } } },
    }),
    "workers-cache critical",
  ],
  [
    "an environment without an origin",
    staging({ ...ownOfAll, vars: { SITE_HOST: "www.site.test" } }),
    `origin-missing critical ${inStaging}`,
  ],
];
