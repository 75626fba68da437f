// The folders of src/ and the modules that stand in src/ itself, and what each of them may import.
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
const steps = [
  // A stored response: its form, its lifetime, its tags.
  "proxy/stored",
  // A request becomes a question: its route, its key, its cookies, the fields that are forwarded.
  "proxy/request",
  // The state of a site in one isolate, and the exchange that each request is.
  "proxy/site",
  // The question is put to the tiers, and a verdict is reached.
  "proxy/reuse",
  // Bodies: read, held, cut into ranges, counted.
  "proxy/body",
  // The answer to the client.
  "proxy/respond",
  // What may be stored, for how long, in which tiers; and what an answer invalidates.
  "proxy/storing",
  // The origin is asked: one forward for many, leases, validations, its health.
  "proxy/fetch",
  // Hot keys are kept warm.
  "proxy/warm",
];

/** Lowest first: a folder imports only what stands above its own line. Folders are named below src/. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  // What an origin imports to send purges: it stands by itself.
  // The RFCs' rules, as functions of text and instants.
  rules: [],
  // Time, text, digests, errors, codecs: what any folder may use.
  base: [],
  [release]: [],
  // Schemas of what a site, the command and senders of purges send each other.
  protocol: ["base"],
  // How variables and secrets of a deployment are read: the command writes and judges what the Worker reads.
  "protocol/variables": ["base"],
  // The purger that an origin imports, and its export. It uses only types of the protocol.
  purger: ["protocol"],
  // What is counted, and what is logged once for each change.
  observe: ["base", "rules", "protocol"],
  // The client of the database, and what its errors mean.
  redis: ["base", "protocol", "observe"],
  // What carries the client's commands over a connection of ioredis or node-redis.
  "redis/connection": ["base", "observe", "redis"],
  // What the Worker asks of a sender of webhooks, and what a sender's scheme is.
  "webhooks/port": ["base", "protocol", "observe"],
  // The configuration: its schema, its forms, its defaults.
  config: ["base", "rules", "protocol/variables", "webhooks/port"],
  // What a cache makes of an answer, for whoever has no Worker to ask.
  judging: ["rules", "config"],
  // What a platform gives: variables and bindings.
  platform: [
    "protocol/variables",
    "base",
    "rules",
    "protocol",
    "observe",
    "config",
    "webhooks/port",
  ],
  // Senders of webhooks: how they sign, their secrets, and the way of a webhook to its purge.
  webhooks: ["protocol/variables", "base", "observe", "platform", "webhooks/port"],
  // What a tier holds: a record, what a purge can match of it, where it came from, its key.
  "cache/record": ["base", "rules"],
  // The port of a tier, the order of all tiers, and the form of a record.
  "cache/tiers": [...beneathCore, "config", "cache/record"],
  // The core that knows nothing of HTTP: find, load, keep; flights and leases.
  cache: [...beneathCore, "config", "cache/record", "cache/tiers"],
  // What bounds the calls of any store.
  stores: [...beneathCore, "cache/tiers"],
  // The heap of the isolate.
  "stores/memory": [...beneathCore, "cache/record", "cache/tiers"],
  // The Cache API of a colo.
  "stores/cache-api": [...beneathCore, "cache/record", "cache/tiers", "stores"],
  // Workers KV.
  "stores/kv": [...beneathCore, "cache/record", "cache/tiers", "stores"],
  // Redis, as a tier and for leases.
  "stores/redis": [...beneathCore, "cache/record", "cache/tiers", "cache", "stores"],
  // The ports of the journal and the switch, and the entries of the journal.
  "purge/journal": [...beneathPurging, "cache/record"],
  // The journal and the switch in Redis.
  "stores/redis/journal": [...beneathCore, "cache/record", "purge/journal"],
  // What an isolate knows of the journal, and how it judges by that.
  "purge/view": [...beneathPurging, "cache/record", "purge/journal"],
  // An order to purge, from its text to its entry in the journal.
  "purge/acceptance": [...beneathPurging, "cache/record", "purge/journal", "purge/view"],
  // The view and the acceptance over a journal that is given.
  purge: [...beneathPurging, "cache/record", "purge/journal", "purge/view", "purge/acceptance"],
  ...Object.fromEntries(steps.map((step, index) => [step, [...core, ...steps.slice(0, index)]])),
  // The order of the steps.
  proxy: [...core, ...steps],
  // What isolates tell of their counts, and what that comes to for all of them.
  reports: [...beneathCore, "config"],
  // Purging over a journal and a switch in Redis: no other module names these two.
  "create-purging": [...core, "stores/redis/journal"],
  // The core with its journal, put together.
  "create-cache": [...core, "platform", "create-purging", reporting, ...stores],
  // What a Worker asks of a cache for data that it is handed.
  "data-beside-pages": [...core, "create-cache"],
  // Keys and values of an application's data, and what it says of them.
  "data/value": [...core],
  // A value is looked for, loaded, judged and stored.
  "data/load": [...core, "data/value"],
  // Values are written: to the application's database, and to the tiers.
  "data/write": [...core, "data/value", "data/load"],
  // Parts of a value, as fields of a hash in Redis.
  "data/fields": [...core, "data/value", "data/load"],
  // The port of a sink, and sinks over D1 and over SQL on Node.
  "write-behind/sinks": ["base"],
  // Counters and buffers that are written to the application's database later.
  "write-behind": [...beneathCore, "config", "write-behind/sinks"],
  // An application's cache: namespaces, purges, the core below them.
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
  // An application's cache on Node.
  node: ["protocol/variables", "base", "config", "platform", "redis", "redis/connection", "data"],
  // The HTTP cache before a core.
  "create-proxy": [...core, "platform", ...steps, "proxy", "create-cache"],
  // Why a request is answered as it is, told without a trace.
  "admin/explain": [...core, "platform", ...steps, "proxy", ...composition],
  // Credentials that are derived from the token, wrong ones, and bodies within bounds.
  "admin/access": [...core],
  // Which purges were accepted and refused, and what a purge would cover.
  "admin/purges": [...core, ...steps, "proxy", ...composition],
  // What is wrong, since when, why, and what to do.
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
  // The operator's routes below `/_cache/`, which look at both.
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
  // The application: the operator's routes beside the HTTP cache.
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
  // What the package offers: the configuration and the core, a Worker, Hono's application behind it,
  // purges for those who send them, and a cache for data, on Workers and on Node.
  tidemark: ["protocol/variables", ...core, "platform", ...composition],
  // Of data they import types alone: a test sees that a Worker without data has none of its code.
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
const ofCommand = [
  "world",
  "exit-code",
  "command-error",
  "files",
  "terminal",
  "asking",
  "site",
  "session",
];

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
