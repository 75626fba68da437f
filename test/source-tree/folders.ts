// Lists the folders of src/, the modules in src/ itself, and the folders that each may import.
// docs/architecture.md describes their purposes.
import manifest from "../../package.json" with { type: "json" };

const beneathPurging = ["base", "rules", "protocol", "observe"];
const beneathCore = [...beneathPurging, "remote", "remote/redis"];
const purging = ["purge/journal", "purge/view", "purge/acceptance", "purge"];
const core = [...beneathCore, "config", "cache/record", "cache/tiers", "cache", ...purging];
/** The stores of every site. Workers import the others. */
const stores = ["stores/memory", "stores/cache-api"];

/** Reports with the counts of all isolates. */
const reporting = "observe/reports";

/**
 * The version of the release, only for operators and the log. The cache itself does not import it.
 */
const release = "version";

/** The steps of one HTTP request, lowest first. Each may import the steps earlier in this list. */
const steps = "stored request site reuse respond storing fetch"
  .split(" ")
  .map((step) => `pages/${step}`);

/**
 * The imports of each folder below src/, lowest first. A folder imports only folders of earlier
 * lines.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  rules: [],
  base: [],
  [release]: [],
  protocol: ["base"],
  "protocol/variables": ["base"],
  purger: ["protocol"],
  observe: ["base", "rules", "protocol"],
  remote: ["base", "observe"],
  "remote/redis": ["base", "protocol", "protocol/variables", "observe", "remote"],
  "remote/redis/connection": ["base", "observe", "remote", "remote/redis"],
  "cache/record": ["base", "rules"],
  "purge/journal": [...beneathPurging, "cache/record"],
  "part/port": [],
  config: ["base", "rules", "protocol", "protocol/variables", "part/port"],
  routing: [...beneathPurging, "part/port", "config", "cache/record"],
  platform: ["protocol/variables", ...beneathPurging, "remote", "config", "routing"],
  "cache/tiers": [...beneathCore, "config", "cache/record"],
  cache: [...beneathCore, "config", "cache/record", "cache/tiers"],
  bodies: ["base", "rules", "cache/tiers", "cache"],
  [reporting]: [...beneathCore, "config"],
  stores: [...beneathCore, "cache/record", "cache/tiers"],
  "stores/cache-api": [...beneathCore, "cache/record", "cache/tiers", "stores"],
  "stores/r2": [...beneathCore, "config", "cache/record", "cache/tiers", "stores"],
  "stores/redis/journal": [...beneathCore, "cache/record", "purge/journal"],
  "purge/view": [...beneathPurging, "cache/record", "purge/journal"],
  "purge/acceptance": [...beneathPurging, "remote", "cache/record", "purge/journal", "purge/view"],
  purge: [...beneathCore, "cache/record", "purge/journal", "purge/view", "purge/acceptance"],
  "stores/memory": [
    ...beneathCore,
    "cache/record",
    "cache/tiers",
    "purge/journal",
    "purge/view",
    "purge",
  ],
  "stores/redis": [
    ...beneathCore,
    "cache/record",
    "cache/tiers",
    "cache",
    "purge",
    "stores/redis/journal",
  ],
  "stores/durable-object": [
    ...beneathCore,
    "cache/record",
    "cache/tiers",
    "stores",
    "purge/journal",
    "purge",
    reporting,
  ],
  ...Object.fromEntries(
    steps.map((step, index) => [
      step,
      [...core, "part/port", "routing", "platform", "bodies", reporting, ...steps.slice(0, index)],
    ]),
  ),
  // Types alone: `test/worker/bundle.test.ts` shows that no other Worker has the code of Redis.
  compose: ["protocol/variables", ...core, "platform", reporting, "stores/redis", ...stores],
  pages: [...core, "part/port", "routing", "platform", ...steps, "compose"],
  "data/value": [...core],
  "data/load": [...core, "data/value"],
  "data/write": [...core, "data/value", "data/load"],
  "data/fields": [...core, "data/value", "data/load"],
  data: [
    "protocol/variables",
    ...core,
    "platform",
    "compose",
    "data/value",
    "data/load",
    "data/write",
    "data/fields",
  ],
  "write-behind/sinks": ["base"],
  "write-behind": [...beneathCore, "config", "compose", "data", "write-behind/sinks"],
  "node-stores": [
    "protocol/variables",
    "base",
    "remote",
    "remote/redis",
    "remote/redis/connection",
    "platform",
    "compose",
    "stores/memory",
    "stores/redis",
  ],
  "data/node": [
    "base",
    "config",
    "platform",
    "remote/redis/connection",
    "node-stores",
    "compose",
    reporting,
    "data",
    release,
  ],
  "admin/access": [...core],
  admin: [
    "protocol/variables",
    ...core,
    "routing",
    "platform",
    ...steps,
    "pages",
    "compose",
    reporting,
    "admin/access",
    release,
  ],
  part: [...core, "pages/respond", "pages/site", "part/port", "admin"],
  "part/rule": ["protocol/variables", ...core, "routing", ...steps, "part/port", "admin", "part"],
  "parts/slices": [...core, "routing", "bodies", ...steps, "part/port", "admin"],
  "parts/esi": [...core, "routing", "bodies", ...steps, "part/port", "admin"],
  "parts/global-collapse": [...core, ...steps, "part/port", "admin"],
  "parts/query": [...core, "bodies", ...steps, "part/port", "admin"],
  "parts/fallback": [...core, ...steps, "part/port", "admin"],
  "parts/release": [...core, ...steps, "part/port", "admin"],
  "parts/nonce": [...core, "routing", ...steps, "part/port", "admin"],
  "parts/hooks/port": ["base", "protocol", "observe"],
  "parts/hooks/makers": [
    "rules",
    "base",
    "protocol",
    "protocol/variables",
    "observe",
    "parts/hooks/port",
  ],
  "parts/hooks/senders": ["base", "protocol", "parts/hooks/port", "parts/hooks/makers"],
  "parts/hooks": [
    "protocol/variables",
    ...core,
    ...steps,
    "admin",
    "admin/access",
    "part",
    "part/port",
    "parts/hooks/port",
    "parts/hooks/makers",
    "parts/hooks/senders",
  ],
  "parts/outward/port": ["base", "protocol", "observe", "purge/journal"],
  "parts/outward/delivery": [
    "base",
    "protocol",
    "protocol/variables",
    "purger",
    "purge/journal",
    "parts/outward/port",
  ],
  "parts/outward/targets": [
    "base",
    "protocol",
    "protocol/variables",
    "purger",
    "purge/journal",
    "parts/outward/port",
    "parts/outward/delivery",
  ],
  "parts/outward": [
    "protocol/variables",
    ...core,
    "admin",
    "admin/access",
    "part",
    "part/port",
    "parts/outward/port",
    "parts/outward/delivery",
    "parts/outward/targets",
  ],
  "parts/operate/explain": [
    ...core,
    "part/port",
    "routing",
    "platform",
    ...steps,
    "pages",
    "compose",
    "admin/access",
    "admin",
  ],
  "parts/operate/reports": [...beneathCore, reporting],
  "parts/operate/health": [
    "protocol/variables",
    ...core,
    "routing",
    "platform",
    ...steps,
    "pages",
    "compose",
    reporting,
    "parts/operate/reports",
    "admin/access",
    "admin",
    release,
  ],
  "parts/operate/warm": [
    ...core,
    "routing",
    "platform",
    ...steps,
    reporting,
    "parts/operate/reports",
    "pages",
    "compose",
    "admin/access",
    "admin",
    "parts/operate/explain",
  ],
  "parts/operate": [
    ...core,
    "routing",
    "platform",
    ...steps,
    "compose",
    reporting,
    "admin/access",
    "admin",
    "part/port",
    "parts/operate/explain",
    "parts/operate/health",
    "parts/operate/warm",
    "parts/operate/reports",
    release,
  ],
  "parts/hot-keys": [
    ...core,
    "routing",
    ...steps,
    "part/port",
    reporting,
    "parts/operate/reports",
    "admin",
  ],
  "parts/dashboard/port": ["observe"],
  "parts/dashboard/history": ["base", "protocol", "observe", reporting],
  "parts/dashboard/chart": [],
  "parts/dashboard/page": ["protocol"],
  "parts/dashboard/panel": [
    "protocol",
    "observe",
    "parts/dashboard/port",
    "parts/dashboard/history",
    "parts/dashboard/chart",
  ],
  "parts/dashboard": [
    "base",
    "protocol",
    "observe",
    "admin/access",
    "admin",
    "part/port",
    "parts/dashboard/port",
    "parts/dashboard/chart",
    "parts/dashboard/history",
    "parts/dashboard/page",
    "parts/dashboard/panel",
  ],
  app: [
    "protocol/variables",
    ...core,
    "platform",
    ...steps,
    "pages",
    "admin",
    "part",
    reporting,
    "compose",
    release,
  ],
  tidemark: ["protocol/variables", ...core, "platform", "compose", "part/port", "part/rule"],
  worker: [
    "protocol/variables",
    ...core,
    "platform",
    ...steps,
    "pages",
    "admin",
    "part",
    "compose",
    "app",
    "data",
    release,
  ],
  cloudflare: ["protocol", "compose", "stores/durable-object", "stores/r2"],
  upstash: ["base", "protocol/variables", "remote/redis", "compose", "stores/redis"],
  device: ["rules", "config"],
  hono: [...core, "platform", "app", "data", "worker"],
  "data-cache": ["base", "data/value", "data/load", "data/write", "data/fields", "data"],
  adapters: [
    "protocol/variables",
    ...core,
    "platform",
    "compose",
    "data/value",
    "data/load",
    "data",
  ],
  "adapters/astro": [
    "protocol/variables",
    release,
    ...core,
    "remote/redis/connection",
    "stores/redis",
    "platform",
    "compose",
    "app",
    "data",
    "adapters",
  ],
  "adapters/drizzle": ["base", "compose", "data/value", "data", "adapters"],
  sinks: ["base", "write-behind/sinks"],
  "open-telemetry": ["base", "data/value", "observe"],
  "http-rules": ["rules", "config"],
  "node-cache": [
    "base",
    "platform",
    "compose",
    "node-stores",
    "remote/redis/connection",
    "data/value",
    "data-cache",
    "data/node",
  ],
};

/** The modules of the command line tool that all its commands use, lowest first. */
const ofCommand = "version command-error world terminal asking site session".split(" ");

const ofDoctor = ["doctor", "doctor/folder", "doctor/site", "doctor/pages"];

/** A source tree, and the imports that it allows. */
export interface House {
  /** The path of the tree, such as `src`. */
  readonly root: string;
  readonly mayImport: Readonly<Record<string, readonly string[]>>;
  /** For each folder, the files and folders outside of the tree that it may import. */
  readonly mayImportOutside: Readonly<Record<string, readonly string[]>>;
}

export const library: House = { root: "src", mayImport, mayImportOutside: {} };

/** The sources of the exports in package.json, such as `src/tidemark.ts`. */
export const published: readonly string[] = Object.values(manifest.exports).flatMap((one) =>
  typeof one === "string" ? [] : one.types.replace("./dist/types/", "src/").replace(".d.ts", ".ts"),
);

/** The formats of messages and deployment files, and the published modules. */
const shared = ["src/protocol/", ...published];

export const codesOfExplain = "src/parts/operate/explain/codes.ts";

export const command: House = {
  root: "packages/cli/src",
  mayImport: {
    version: [],
    "command-error": [],
    // The environment of the process, or of a test.
    world: ["command-error"],
    // Output and questions.
    terminal: ["command-error", "world"],
    // Requests for pages and files as a client.
    asking: ["version", "command-error", "world"],
    // The selected site, and its endpoints for the operator.
    site: ofCommand.slice(0, -2),
    // One run of one command.
    session: ofCommand.slice(0, -1),
    // Counts of a site by route, and durations.
    stats: ofCommand,
    // The sentences of the codes that a site answers.
    texts: [],
    // The wrangler file of a folder.
    wrangler: [],
    // Requests for pages of an origin, and findings about them.
    origin: ofCommand,
    // The files and the output of init.
    init: [...ofCommand, "origin", "wrangler"],
    // A site on this machine.
    start: [...ofCommand, "wrangler"],
    // Findings of doctor, and their output: about a folder, a site and its pages.
    doctor: [...ofCommand, "texts"],
    "doctor/folder": [...ofCommand, "doctor", "wrangler", "start"],
    "doctor/site": [...ofCommand, "doctor", "stats", "texts"],
    "doctor/pages": [...ofCommand, "doctor", "origin", "texts"],
    // The warming of pages and data.
    warm: [...ofCommand, "texts"],
    // The commands, with their options and steps.
    commands: [...ofCommand, "stats", "texts", "origin", "init", "warm", "wrangler", ...ofDoctor],
    // The list of all commands, and the run of one command.
    program: [...ofCommand, "commands", "warm", "start"],
    main: [...ofCommand, "program"],
    tidemark: ["main", "world"],
  },
  mayImportOutside: {
    ...Object.fromEntries(
      [
        "command-error",
        "asking",
        "site",
        "stats",
        "origin",
        "init",
        ...ofDoctor,
        "commands",
        "warm",
      ].map((place) => [place, shared]),
    ),
    texts: [...shared, codesOfExplain],
    "doctor/folder": [...shared, "local/load-config.ts"],
    // The tool's manifest contains the version.
    version: ["packages/cli/package.json"],
    // The start command runs a site on this machine, like `npm start`.
    start: [...shared, "local/"],
    terminal: ["local/printable.ts"],
    main: [...shared, "local/printable.ts"],
    init: [...shared, "local/printable.ts"],
  },
};
