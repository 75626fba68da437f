// Folders for the tests of doctor: the files of a folder without faults, and folders with one or
// two faults.

export type Files = Readonly<Record<string, string>>;

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

const staging = (changes: object) => wrangler({ env: { staging: changes } });
const vars = (set: object) => wrangler({ vars: set });
const moreVars = (set: object) => vars({ ...well.vars, ...set });
const devVars = (text: string): Files => ({ ".dev.vars": text });
const overR2: Files = {
  "src/worker.ts": 'createWorker(config, { stores: { bodies: r2Bodies({ binding: "BODIES" }) } });',
};

const overObject: Files = {
  "src/worker.ts":
    'export { TidemarkJournal } from "tidemark/cloudflare"; createWorker(config, { stores: { journal: durableObjectJournal() } });',
};
const overHono = (given: string): Files => ({
  "src/worker.ts": `import { tidemark } from "tidemark/hono"; export default tidemark(app, config, ${given});`,
});
const objects = {
  durable_objects: { bindings: [{ name: "JOURNAL", class_name: "TidemarkJournal" }] },
};
const exports = { TidemarkJournal: { type: "durable-object", storage: "sqlite" } };
const migrations = [{ tag: "v1", new_sqlite_classes: ["TidemarkJournal"] }];

/** An entry of wrangler's `exports`, with the setting of its Workers Cache. */
const entrypoint = (enabled: boolean) => ({ type: "worker", cache: { enabled } });

const ORIGIN_URL = "https://www.site.test";
const SITE_HOST = "www.site.test";
const database = "UPSTASH_REDIS_REST_URL=https://db.upstash.io\nUPSTASH_REDIS_REST_TOKEN=";
const atDevVars = "warning the file .dev.vars";
const shared = `dev-shares-database ${atDevVars}`;
const whole = `${database}token-of-a-database\n`;
const secretsOf = (url: string, more: object = {}): Files => ({
  "secrets.json": JSON.stringify({ ...secrets, UPSTASH_REDIS_REST_URL: url, ...more }),
});
/** Requires the secrets of Redis, so that Wrangler reads no others from files. */
const required = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
const overUpstash: Files = {
  "src/worker.ts": "createWorker(config, { stores: upstash() });",
};
const observed = (observability: object) => wrangler({ observability });
const quiet = {
  enabled: true,
  logs: { enabled: true, invocation_logs: false },
  traces: { enabled: false },
};
const publicFetch = { compatibility_flags: ["global_fetch_strictly_public"] };
const toml = (text: string): Files => ({
  "wrangler.toml": `main = "src/worker.ts"\nroutes = ["www.site.test/*"]\n${text}`,
});
const tomlVars = '[vars]\nORIGIN_URL = "https://www.site.test"\n';
const inStaging = 'environment "staging"';

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
export const rows: readonly [name: string, files: Files, ...findings: string[]][] = [
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
  ["a whole database in .dev.vars, whose namespace is production's", devVars(whole), shared],
  ["a namespace of its own in .dev.vars", devVars(`${whole}NAMESPACE=dev`)],
  ["the default namespace, written out", devVars(`${whole}NAMESPACE=tidemark`), shared],
  [
    "the namespace of vars, written out",
    { ...devVars(`${whole}NAMESPACE=live`), ...moreVars({ NAMESPACE: "live" }) },
    shared,
  ],
  [
    "a namespace that Wrangler ignores",
    { ...devVars(`${whole}NAMESPACE=dev`), ...wrangler({ secrets: { required } }) },
    shared,
  ],
  [
    "a namespace that replaces the one in vars",
    {
      ...devVars(`${whole}NAMESPACE=dev`),
      ...wrangler({ secrets: { required }, vars: { ...well.vars, NAMESPACE: "live" } }),
    },
  ],
  [
    "a database that Wrangler ignores",
    { ...devVars(whole), ...wrangler({ secrets: { required: ["ADMIN_TOKEN"] } }) },
  ],
  ...["127.0.0.1:8079", "srh:8080", "redis.internal"].map((host): [string, Files] => [
    `a database of this machine or its network: ${host}`,
    devVars(whole.replace("https://db.upstash.io", `http://${host}`)),
  ]),
  [
    "another database than that of secrets.json",
    { ...devVars(whole), ...secretsOf("https://live.upstash.io") },
  ],
  [
    "the database of secrets.json, written differently",
    { ...devVars(whole), ...secretsOf("https://DB.upstash.io:443/") },
    shared,
  ],
  [
    "the database of secrets.json, with other namespaces",
    { ...devVars(whole), ...secretsOf("https://db.upstash.io", { NAMESPACE: "live" }) },
  ],
  [
    "only the journal's database in common",
    {
      ...devVars(`${whole}JOURNAL_REDIS_REST_URL=https://j.upstash.io\nJOURNAL_REDIS_REST_TOKEN=t`),
      ...secretsOf("https://live.upstash.io", {
        JOURNAL_REDIS_REST_URL: "https://j.upstash.io",
        JOURNAL_REDIS_REST_TOKEN: "t",
      }),
    },
    shared,
  ],
  [
    "a database in .env, whose token is in .env.local",
    { ".env": database, ".env.local": "UPSTASH_REDIS_REST_TOKEN=token-of-a-database" },
    "dev-shares-database warning the file .env.local",
  ],
  ["a database in .env beside .dev.vars, which wins", { ".env": whole, ...devVars("X=y") }],
  [
    "a namespace in .env.local for a database in .env",
    { ".env": whole, ".env.local": "NAMESPACE=dev" },
  ],
  [
    "the namespace of an environment",
    {
      ...devVars(`${whole}NAMESPACE=staging`),
      ...staging({ vars: { ...well.vars, NAMESPACE: "staging" } }),
    },
    shared,
  ],
  [
    "a file for an environment without a namespace of its own",
    {
      ...devVars(`${whole}NAMESPACE=dev`),
      ".dev.vars.staging": whole,
      ...staging({ vars: { ...well.vars, NAMESPACE: "staging" } }),
    },
    "dev-shares-database warning the file .dev.vars.staging",
  ],
  [
    "a database beside Durable Objects alone, which do not use it",
    {
      ...devVars(whole),
      "src/worker.ts":
        'export * from "tidemark/cloudflare"; createWorker(config, { stores: durableObjects() });',
      ...wrangler({
        durable_objects: {
          bindings: ["JOURNAL", "RECORDS"].map((name) => ({
            name,
            class_name: name === "JOURNAL" ? "TidemarkJournal" : "TidemarkRecords",
          })),
        },
        exports: { ...exports, TidemarkRecords: exports.TidemarkJournal },
      }),
    },
  ],
  ["a database of upstash() in code", { ...devVars(whole), ...overUpstash }, shared],
  [
    "a date before no-store",
    wrangler({ compatibility_date: "2024-11-10" }),
    "date-too-old critical",
  ],
  ["the first date with no-store", wrangler({ compatibility_date: "2024-11-11" })],
  [
    "an older date with the flag",
    wrangler({ compatibility_date: "2024-01-01", compatibility_flags: ["cache_option_enabled"] }),
  ],
  [
    "a newer date without it",
    wrangler({ compatibility_flags: ["cache_option_disabled"] }),
    "date-too-old critical",
  ],
  [
    "an older date in an environment",
    staging({ ...ownOfAll, compatibility_date: "2023-05-18" }),
    `date-too-old critical ${inStaging}`,
  ],
  [
    "an older date in TOML, without quotes",
    toml(`compatibility_date = 2024-01-01\n${tomlVars}`),
    "date-too-old critical",
  ],
  ["a public fetch through the route", wrangler(publicFetch), "flag-forbidden critical"],
  [
    "a public fetch through another host than the route's",
    wrangler({ ...publicFetch, vars: { ...well.vars, ORIGIN_URL: "https://origin.site.test" } }),
    "flag-forbidden warning",
  ],
  [
    "a public fetch before a route",
    wrangler({ ...publicFetch, routes: [], workers_dev: true }),
    "flag-forbidden warning",
  ],
  [
    "a public fetch at a custom domain",
    wrangler({
      ...publicFetch,
      routes: [{ pattern: "www.site.test", custom_domain: true }],
      vars: { ...well.vars, ORIGIN_URL: "https://origin.site.test" },
    }),
  ],
  [
    "a public fetch of handlers",
    { ...overHono("{ stores: upstash() }"), ...wrangler({ ...publicFetch, vars: { SITE_HOST } }) },
  ],
  [
    "a public fetch in an environment with a route",
    staging({ ...ownOfAll, ...publicFetch }),
    `flag-forbidden critical ${inStaging}`,
  ],
  ["smart placement", wrangler({ placement: { mode: "smart" } }), "placement-set warning"],
  [
    "a placement by region",
    wrangler({ placement: { region: "aws:us-east-1" } }),
    "placement-set warning",
  ],
  ["no placement", wrangler({ placement: { mode: "off" } })],
  [
    "smart placement in TOML, for an environment",
    toml(
      `compatibility_date = "2026-11-01"\n${tomlVars}[env.staging.placement]\nmode = "smart"\n[env.staging.vars]\nORIGIN_URL = "https://www.site.test"\n`,
    ),
    `placement-set warning ${inStaging}`,
  ],
  ["quiet logs", observed(quiet)],
  ["no logs", observed({ enabled: false })],
  ["invocation logs", observed({ ...quiet, logs: { enabled: true } }), "requests-logged warning"],
  [
    "logs and traces by default",
    observed({ enabled: true }),
    "requests-logged warning",
    "requests-traced warning",
  ],
  ["logs alone", observed({ logs: { enabled: true } }), "requests-logged warning"],
  [
    "logs that are off",
    observed({ enabled: true, logs: { enabled: false }, traces: { enabled: false } }),
  ],
  ["traces", observed({ ...quiet, traces: { enabled: true } }), "requests-traced warning"],
  [
    "traces in an environment, which replaces the settings above",
    wrangler({
      observability: quiet,
      env: { staging: { ...ownOfAll, observability: { traces: { enabled: true } } } },
    }),
    `requests-traced warning ${inStaging}`,
  ],
  [
    "invocation logs in an environment that inherits them",
    wrangler({ observability: { ...quiet, logs: {} }, env: { staging: ownOfAll } }),
    "requests-logged warning",
  ],
  [
    "invocation logs in TOML",
    toml(`compatibility_date = "2026-11-01"\n${tomlVars}[observability.logs]\nenabled = true\n`),
    "requests-logged warning",
  ],
  [
    "the same in wrangler.json",
    { "wrangler.json": JSON.stringify({ ...well, placement: { mode: "smart" } }) },
    "placement-set warning",
  ],
];
