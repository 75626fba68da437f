// Folders for the tests of doctor whose files for `wrangler dev` have a database, with their expected findings.
import {
  database,
  devVars,
  exports,
  type Files,
  type FolderRow,
  moreVars,
  secrets,
  staging,
  well,
  wrangler,
} from "./folder-rows.ts";

const shared = "dev-shares-database warning the file .dev.vars";
const whole = `${database}token-of-a-database\n`;
const secretsOf = (url: string, more: object = {}): Files => ({
  "secrets.json": JSON.stringify({ ...secrets, UPSTASH_REDIS_REST_URL: url, ...more }),
});
/** With these, Wrangler reads no others from files. */
const required = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"];
const overUpstash: Files = {
  "src/worker.ts": "createWorker(config, { stores: upstash() });",
};

export const devRows: readonly FolderRow[] = [
  ["a whole database in .dev.vars, whose namespace is production's", devVars(whole), shared],
  ["the same after a byte order mark, which Wrangler skips", devVars(`\uFEFF${whole}`), shared],
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
];
