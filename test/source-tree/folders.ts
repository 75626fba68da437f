// The folders of src/ and the modules in src/ itself, and what each may import. docs/architecture.md says
// what each is for.
import manifest from "../../package.json" with { type: "json" };

const beneathPurging = ["base", "rules", "protocol", "observe"];
const beneathCore = [...beneathPurging, "redis"];
const purging = ["purge/journal", "purge/view", "purge/acceptance", "purge"];
const core = [...beneathCore, "config", "cache/record", "cache/tiers", "cache", ...purging];
/** What keeps records and leases: it is chosen where a cache is put together, and named nowhere else. */
const stores = ["stores/memory", "stores/cache-api", "stores/redis"];

const composition = ["create-cache", "create-proxy", "data-beside-pages"];

/** Counts of all isolates: told, folded, shown. */
const reporting = "reports";

/** Which release it is: for operators and their log alone, so the cache itself never depends on it. */
const release = "version";

/** The steps of one HTTP request, lowest first: each may import those above it in this list. */
const steps = "stored request site reuse body respond storing fetch warm"
  .split(" ")
  .map((step) => `proxy/${step}`);

/** Lowest first: a folder imports only what stands above its own line. Folders are named below src/. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  rules: [],
  base: [],
  [release]: [],
  protocol: ["base"],
  "protocol/variables": ["base"],
  purger: ["protocol"],
  observe: ["base", "rules", "protocol"],
  redis: ["base", "protocol", "observe"],
  "redis/connection": ["base", "observe", "redis"],
  "webhooks/port": ["base", "protocol", "observe"],
  config: ["base", "rules", "protocol/variables", "webhooks/port"],
  judging: ["rules", "config"],
  platform: ["protocol/variables", ...beneathPurging, "config", "webhooks/port"],
  webhooks: ["protocol/variables", "base", "observe", "platform", "webhooks/port"],
  "cache/record": ["base", "rules"],
  "cache/tiers": [...beneathCore, "config", "cache/record"],
  cache: [...beneathCore, "config", "cache/record", "cache/tiers"],
  stores: [...beneathCore, "cache/tiers"],
  "stores/memory": [...beneathCore, "cache/record", "cache/tiers"],
  "stores/cache-api": [...beneathCore, "cache/record", "cache/tiers", "stores"],
  "stores/kv": [...beneathCore, "cache/record", "cache/tiers", "stores"],
  "stores/redis": [...beneathCore, "cache/record", "cache/tiers", "cache", "stores"],
  "purge/journal": [...beneathPurging, "cache/record"],
  "stores/redis/journal": [...beneathCore, "cache/record", "purge/journal"],
  "purge/view": [...beneathPurging, "cache/record", "purge/journal"],
  "purge/acceptance": [...beneathPurging, "cache/record", "purge/journal", "purge/view"],
  purge: [...beneathPurging, "cache/record", "purge/journal", "purge/view", "purge/acceptance"],
  ...Object.fromEntries(steps.map((step, index) => [step, [...core, ...steps.slice(0, index)]])),
  proxy: [...core, ...steps],
  reports: [...beneathCore, "config"],
  "create-purging": [...core, "stores/redis/journal"],
  "create-cache": [...core, "platform", "create-purging", reporting, ...stores],
  "data-beside-pages": [...core, "create-cache"],
  "data/value": [...core],
  "data/load": [...core, "data/value"],
  "data/write": [...core, "data/value", "data/load"],
  "data/fields": [...core, "data/value", "data/load"],
  "write-behind/sinks": ["base"],
  "write-behind": [...beneathCore, "config", "write-behind/sinks"],
  data: [
    "protocol/variables",
    ...core,
    "platform",
    "create-cache",
    "data-beside-pages",
    "write-behind",
    "write-behind/sinks",
    "data/value",
    "data/load",
    "data/write",
    "data/fields",
  ],
  node: ["protocol/variables", "base", "config", "platform", "redis", "redis/connection", "data"],
  "create-proxy": [...core, "platform", ...steps, "proxy", "create-cache"],
  "admin/explain": [...core, "platform", ...steps, "proxy", ...composition],
  "admin/access": [...core],
  "admin/purges": [...core, ...steps, "proxy", ...composition],
  "admin/health": [
    "webhooks/port",
    "admin/access",
    ...core,
    "platform",
    ...steps,
    "proxy",
    ...composition,
    reporting,
  ],
  admin: [
    "protocol/variables",
    ...core,
    "platform",
    ...steps,
    "proxy",
    ...composition,
    reporting,
    "webhooks/port",
    "admin/access",
    "admin/purges",
    "admin/explain",
    "admin/health",
    release,
  ],
  app: [
    "protocol/variables",
    ...core,
    "platform",
    ...steps,
    "proxy",
    "admin",
    reporting,
    ...composition,
    release,
  ],
  tidemark: ["protocol/variables", ...core, "platform", ...composition],
  worker: [
    "protocol/variables",
    ...core,
    "platform",
    ...steps,
    "proxy",
    "admin",
    ...composition,
    "app",
    "data",
    release,
  ],
  cloudflare: ["cache/tiers", "stores/kv"],
  hono: [...core, "platform", "app", "data", "worker"],
  "data-cache": [
    "base",
    "data/value",
    "data/load",
    "data/write",
    "data/fields",
    "write-behind",
    "write-behind/sinks",
    "data",
  ],
  sinks: ["base", "write-behind/sinks"],
  senders: ["base", "webhooks/port", "webhooks"],
  "open-telemetry": ["base", "data/value"],
  "http-rules": ["rules", "config", "judging"],
  "node-cache": ["base", "redis/connection", "data/value", "write-behind", "data-cache", "node"],
};

/** Of the command: what each of its commands is made with, lowest first. */
const ofCommand = "world exit-code command-error files terminal asking site session".split(" ");

const ofDoctor = ["doctor", "doctor/folder", "doctor/site", "doctor/pages"];
const ofSmallCommands = ["journal", "stats", "completion", "origin", "init"];

/** Those that share something with the library. */
const besideWorker = [
  "command-error",
  "main",
  "program",
  "asking",
  "site",
  "journal",
  "stats",
  "commands",
  "warm",
  "origin",
  "init",
  ...ofDoctor,
];

/** A tree of sources, and what it may import. */
export interface House {
  /** Such as `src`. */
  readonly root: string;
  readonly mayImport: Readonly<Record<string, readonly string[]>>;
  /** By folder: files and folders of the repository outside of the tree. */
  readonly mayImportOutside: Readonly<Record<string, readonly string[]>>;
  readonly usesNode: boolean;
}

export const library: House = { root: "src", mayImport, mayImportOutside: {}, usesNode: false };

/** Sources of what package.json exports, such as `src/tidemark.ts`. */
export const published: readonly string[] = Object.values(manifest.exports).flatMap((one) =>
  typeof one === "string" ? [] : one.types.replace("./dist/types/", "src/").replace(".d.ts", ".ts"),
);

/** What crosses the wire or is in a deployment's files, and what anybody may import. */
const shared = ["src/protocol/", ...published];

export const command: House = {
  root: "packages/cli/src",
  usesNode: true,
  mayImport: {
    // What it meets outside of itself, and how it ends.
    world: [],
    version: [],
    "exit-code": [],
    "command-error": ["exit-code"],
    // What its arguments must not be.
    arguments: ["command-error"],
    // Files that it writes below a folder of the user.
    files: [],
    // What it says, and what it asks.
    terminal: ["world", "exit-code", "command-error"],
    // A page or a file is asked for as a client: how it names itself, what an answer tells, why none came.
    asking: ["version"],
    // Which site it is about, and the operator's routes of it.
    site: ["world", "exit-code", "command-error", "files", "terminal", "asking"],
    // One run of one command.
    session: ofCommand.slice(0, -1),
    // Entries of the journal as lines; counts as tables; what a shell completes.
    journal: ofCommand,
    stats: ofCommand,
    completion: [],
    // What a folder's wrangler file says.
    wrangler: [],
    // Pages of an origin, asked so that they can be judged.
    origin: ofCommand,
    // What init writes, and what it says of it.
    init: [...ofCommand, "origin", "wrangler"],
    // What is wrong, and how it is told: in a folder, at a site, on its pages.
    doctor: ofCommand,
    "doctor/folder": [...ofCommand, "doctor", "wrangler"],
    "doctor/site": [...ofCommand, "doctor", "stats"],
    "doctor/pages": [...ofCommand, "doctor", "origin"],
    // Each command by itself: its options, the order of its steps, how it ends.
    commands: [...ofCommand, ...ofSmallCommands, ...ofDoctor],
    // Pages and data are brought into the tiers.
    warm: ofCommand,
    // A site is run on this machine.
    start: [...ofCommand, "wrangler"],
    // All commands, and a run of one.
    program: [...ofCommand, "version", "commands", "warm", "start"],
    main: [...ofCommand, "arguments", "program"],
    "process-world": ["world", "exit-code"],
    tidemark: ["main", "process-world"],
  },
  mayImportOutside: {
    ...Object.fromEntries(besideWorker.map((place) => [place, [...shared, "local/printable.ts"]])),
    // Its own manifest says which release it is.
    version: ["packages/cli/package.json"],
    // It runs a site on this machine, as `npm start` does.
    start: [...shared, "local/"],
    terminal: ["local/printable.ts"],
  },
};

export const filesInFolderMax = 20;
export const linesInFileMax = 250;
