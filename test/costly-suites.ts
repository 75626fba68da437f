// The live suites that `.ci/run` leaves out if no file that they cover has changed since its last
// run: builds of foreign frameworks and of the documentation site, browsers, histories.
// Run as a script, prints the suites to leave out, separated by commas, and the reasons to stderr.
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";

/** `npm test` plays a twelfth of their histories, and with TIDEMARK_ALL_HISTORIES=1 all. */
const longest = [
  "test/simulation/data/write-history.test.ts",
  "test/simulation/object-history.test.ts",
];

/** `npm test` plays a share of their histories, and `npm run test:live` all. */
export const withHistories = globSync("test/**/*.test.ts").filter(
  (path) => !longest.includes(path) && /testing\/histories\.ts"/.test(readFileSync(path, "utf8")),
);

/** A change of one of these files runs every suite. */
export const coveredByAll = [
  ".ci/run",
  "package-lock.json",
  "test/costly-suites.ts",
  "vitest.config.ts",
];

interface CostlySuites {
  /** Files of tests, from the root of the repository. */
  readonly suites: readonly string[];
  /** Files and folders. Other suites, which always run, test the code below these. */
  readonly covers: readonly string[];
}

/** The code and the doubles that every history runs. */
const engine = [
  "src/cache",
  "src/compose",
  "src/purge",
  "src/remote",
  "src/stores",
  "testing/consistency",
  "testing/draws.ts",
  "testing/histories.ts",
  "testing/simulation",
];

const pages = ["src/bodies", "src/pages", "src/routing"];

const ofData = [
  "test/adapters/next-histories.test.ts",
  "test/consistency/data/consistency.test.ts",
  "test/simulation/data/field-history.test.ts",
];
const ofProof = ["test/proof/traces.test.ts"];
const ofOutward = ["test/parts/outward/history.test.ts"];
const ofReports = ["test/simulation/reports/reports-history.test.ts"];
const ofWriteBehind = [
  "test/simulation/write-behind/behind-history.test.ts",
  "test/simulation/write-behind/named-histories.test.ts",
  "test/write-behind/sinks/contract.test.ts",
  "test/write-behind/over-connections.test.ts",
  "test/write-behind/sinks/postgres-check.test.ts",
  "test/write-behind/sinks/sql.test.ts",
];
const apart = [...ofData, ...ofProof, ...ofOutward, ...ofReports, ...ofWriteBehind];

export const costlySuites: readonly CostlySuites[] = [
  {
    suites: ["test/adapters/opennext-workers.test.ts"],
    covers: ["examples/opennext", "src/adapters", "src/cloudflare.ts", "test/adapters"],
  },
  {
    suites: ["examples/next/test/next.test.ts"],
    covers: [
      "examples/next",
      "src/adapters",
      "src/base/outside-next.ts",
      "src/remote/redis/round-trips.ts",
      "src/data/node",
      "src/node-cache.ts",
      "src/node-stores.ts",
    ],
  },
  {
    suites: ["test/adapters/astro-example.test.ts"],
    covers: [
      "examples/astro",
      "src/adapters",
      "src/data/node",
      "src/node-cache.ts",
      "src/node-stores.ts",
      "test/adapters",
    ],
  },
  {
    suites: ["test/wordpress/wordpress.test.ts"],
    covers: ["examples/wordpress", "src/parts/hooks", "test/wordpress", "testing/wordpress"],
  },
  {
    suites: ["test/docs-site/built-site.test.ts"],
    covers: [
      "CHANGELOG.md",
      "README.md",
      "docs",
      "docs-site",
      "packages/cli/src/program.ts",
      "src/protocol",
    ],
  },
  {
    suites: ["test/monitoring/alert-cases.test.ts"],
    covers: ["monitoring", "test/monitoring", "testing/monitoring"],
  },
  {
    suites: [
      "packages/cli/test/start/start.test.ts",
      "test/local/check-config.test.ts",
      "test/local/start-reload.test.ts",
      "test/local/start.test.ts",
    ],
    covers: [
      "local",
      "packages/cli",
      "src/base",
      "src/compose",
      "src/config",
      "src/platform",
      "src/protocol",
      "src/worker.ts",
      "templates",
      "test/local",
      "tidemark.config.ts",
      "worker.ts",
      "wrangler.toml",
    ],
  },
  {
    suites: [
      "examples/news-worker/test/browser.test.ts",
      "examples/news-worker/test/readme.test.ts",
    ],
    covers: ["examples/news-worker", "local", "packages/cli", "src/admin", ...pages],
  },
  {
    suites: [
      "test/local/embedded-valkey.test.ts",
      "test/local/upstash-rest/outage.test.ts",
      "test/purge/journal/target-names.test.ts",
      "test/remote/redis/connection/lost-replies.test.ts",
      "test/stores/redis/journal/contract.test.ts",
      "test/stores/redis/journal/lineages-model.test.ts",
    ],
    covers: [
      "local",
      "src/base",
      "src/purge",
      "src/remote",
      "src/stores",
      "test/local",
      "test/purge/journal",
      "test/remote",
      "test/stores/redis",
    ],
  },
  {
    suites: ["test/parts/dashboard/browser.test.ts"],
    covers: ["src/admin", "src/observe", "src/parts/operate", "src/protocol", "test/parts/operate"],
  },
  {
    suites: [
      "test/consistency/consistency.test.ts",
      ...withHistories.filter((path) => !apart.includes(path)),
    ],
    covers: [
      ...engine,
      "src/admin",
      "src/observe",
      "src/parts/operate/explain",
      ...pages,
      "src/rules",
      "test/consistency",
      "test/fuzz",
      "test/scenarios",
      "test/simulation",
    ],
  },
  { suites: ofData, covers: [...engine, "src/adapters", "src/data", "test/consistency/data"] },
  {
    suites: ofProof,
    covers: [...engine, ...pages, "src/rules", "test/simulation", "testing/proof"],
  },
  { suites: ofOutward, covers: [...engine, "src/parts/outward", "test/parts/outward"] },
  {
    suites: ofReports,
    covers: [...engine, "src/observe", "src/parts/operate/reports", "test/simulation/reports"],
  },
  {
    suites: ofWriteBehind,
    covers: [...engine, "src/write-behind", "test/write-behind", "testing/write-behind"],
  },
];

/** Returns whether one of the changed files is a covered file, or is below a covered folder. */
function touches(changed: readonly string[], covers: readonly string[]): boolean {
  return changed.some((path) => covers.some((one) => `${path}/`.startsWith(`${one}/`)));
}

/** Returns the rows that cover none of the changed files. */
export function leftOut(changed: readonly string[]): readonly CostlySuites[] {
  if (touches(changed, coveredByAll)) return [];
  return costlySuites.filter(({ suites, covers }) => !touches(changed, [...covers, ...suites]));
}

/** Returns the files that differ from a commit; `undefined` if this clone does not have it. */
function changedSince(commit: string): readonly string[] | undefined {
  const args = ["diff", "--name-only", "--no-renames", "-z", "--merge-base", commit];
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: "pipe" })
      .split("\0")
      .filter(Boolean);
  } catch {
    process.stderr.write(`All suites run: this clone does not have ${commit} of .ci/green.\n`);
    return undefined;
  }
}

if (import.meta.main) {
  const green = readFileSync(".ci/green", "utf8").trim();
  const rows = leftOut(changedSince(green) ?? coveredByAll);
  for (const { suites, covers } of rows) {
    const why = `unchanged since ${green.slice(0, 8)}: ${covers.join(", ")}`;
    process.stderr.write(`Left out: ${suites.join(", ")} (${why}).\n`);
  }
  process.stdout.write(rows.flatMap(({ suites }) => suites).join());
}
