import { existsSync, globSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { withHistories } from "./test/costly-suites.ts";

const include = [
  "test/**/*.test.ts",
  "examples/*/test/**/*.test.ts",
  "packages/*/test/**/*.test.ts",
];

/**
 * Suites that wait in real time, or start many processes: `npm run test:live` runs them in this
 * order. The longest come first, so that none runs alone at the end.
 */
const live = [
  "test/adapters/opennext-workers.test.ts",
  "examples/next/test/next.test.ts",
  "test/local/start.test.ts",
  "test/docs-site/built-site.test.ts",
  "test/adapters/astro-example.test.ts",
  "test/consistency/data/consistency.test.ts",
  "test/consistency/consistency.test.ts",
  "test/parts/dashboard/browser.test.ts",
  "test/parts/nonce/browser.test.ts",
  "test/scenarios/reuse/in-chromium.test.ts",
  "packages/cli/test/start/start.test.ts",
  "test/wordpress/wordpress.test.ts",
  "examples/news-worker/test/readme.test.ts",
  "test/from-any-stack/recipes.test.ts",
  "test/worker/large-bodies.test.ts",
  "test/worker/slow-clients.test.ts",
  "test/worker/large-crowds.test.ts",
  "test/worker/transparency.test.ts",
  "test/worker/leaving-clients.test.ts",
  "test/chaos/database.test.ts",
  "test/part/all-deleted.test.ts",
  "test/local/start-reload.test.ts",
  "test/chaos/origin.test.ts",
  "examples/news-worker/test/browser.test.ts",
  "packages/cli/test/init/three-sites.test.ts",
  "packages/cli/test/process.test.ts",
  "test/chaos/all-at-once.test.ts",
  "test/chaos/database-answers.test.ts",
  "test/chaos/objects.test.ts",
  "test/chaos/tcp-proxy.test.ts",
  "test/data/examples.test.ts",
  "test/data/node/hints.test.ts",
  "test/local/embedded-valkey.test.ts",
  "test/local/upstash-rest/life-cycle.test.ts",
  "test/local/upstash-rest/outage.test.ts",
  "test/monitoring/alert-cases.test.ts",
  "test/parts/operate/health/real-journal.test.ts",
  "test/parts/operate/health/real-redis.test.ts",
  "test/parts/operate/health/real-totals.test.ts",
  "test/parts/slices/worker.test.ts",
  "test/write-behind/over-connections.test.ts",
  "test/remote/redis/connection/lost-replies.test.ts",
  "test/remote/redis/connection/trouble.test.ts",
  "test/scenarios/tiers/room-filled.test.ts",
  "test/stores/durable-object/sleeping-object.test.ts",
  "test/worker/bundle-uploaded.test.ts",
  "test/worker/invalidate-everywhere.test.ts",
  "test/worker/one-forward.test.ts",
  "test/worker/origin-servers.test.ts",
  "test/worker/purge-outage.test.ts",
  "test/worker/released-crowd.test.ts",
  "test/parts/outward/varnish.test.ts",
];
/**
 * Suites that `npm run test:live` repeats under these limits of Cloudflare's platform, if
 * the run has none: reads and writes of all tiers, purges, and a crowd. CONTRIBUTING.md has the
 * command for all suites.
 */
const underLimits = [
  "test/worker/data.test.ts",
  "test/parts/hot-keys/worker.test.ts",
  "test/worker/purge.test.ts",
  "test/worker/tiers.test.ts",
];
const limits = process.env["TIDEMARK_PLATFORM"] === undefined ? ["six,fifty", "no-cache"] : [];

/** Checks of the sources and documents as text, which `npm run check` runs. */
const lint = globSync("test/source-tree/*.test.ts");

/** Suites that import the dashboard, whose JSX Node does not run. */
const withJsx = [
  "test/docs-site/openapi.test.ts",
  "test/parts/dashboard/browser.test.ts",
  "test/parts/dashboard/hostile-text.test.ts",
  "test/parts/dashboard/routes.test.ts",
  "test/parts/dashboard/reports-in-objects.test.ts",
];

const gone = [...live, ...underLimits, ...withJsx].filter((path) => !existsSync(path));
if (gone.length > 0) {
  throw new Error(`There is no ${gone.join(", ")}: correct the lists in vitest.config.ts.`);
}

const all = globSync(include);
const except = (files: string[], ...lists: string[][]) =>
  files.filter((path) => !lists.some((list) => list.includes(path)));
const having = (pattern: RegExp) => all.filter((path) => pattern.test(readFileSync(path, "utf8")));

/** `.ci/run` leaves out live suites that cover no changed file (`test/costly-suites.ts`). */
const given = process.env["TIDEMARK_LEFT_OUT"];
const leftOut = given?.split(",") ?? [];
/** `.ci/run` plays all histories of these suites among the live ones, and so no share before. */
const playedLive = given === undefined ? [] : except(withHistories, leftOut);
/**
 * Files that need a worker of their own: they replace modules or, as this server does, globals. Or
 * they count timers or wait for background work, of which another file may have left some.
 */
const replacing = except(
  [
    ...having(
      /vi\.(?:mock|doMock|resetModules)\(|node-server|node-site|demo-origin|getTimerCount|spyOn\((?:prototype|AbortSignal)|, settled \} from/,
    ),
    ...withJsx,
  ],
  live,
  playedLive,
);
/** A worker may keep a fake timer that nobody fires, so these files share none with the others. */
const withFakeTimers = except(having(/playTimers|useFakeTimers/), live, playedLive, replacing);

/** Node compiles the files of the commands that tests start only once. */
const compileCache = {
  NODE_COMPILE_CACHE: fileURLToPath(new URL("node_modules/.cache/node", import.meta.url)),
};

/** Node runs the sources itself, which takes a sixth less CPU than with Vite's module runner. */
const experimental = { viteModuleRunner: false };

/** Sorts the live suites as their list does, before all other files. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = live.indexOf(relative(import.meta.dirname, moduleId));
      return at < 0 ? live.length : at;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: InOrder },
    // On two cores: suites that start processes mostly wait, so a third keeps the cores at work, and
    // a fourth in `npm run test:live`.
    maxWorkers: 3,
    // A busy machine needs minutes for histories. Only a test that hangs reaches this bound.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    setupFiles: ["testing/forget-databases.ts", "testing/worker/platform-limits/impossible.ts"],
    env: compileCache,
    projects: [
      {
        extends: true,
        test: {
          name: "live",
          include: except([...live, ...withHistories], leftOut, withJsx),
          env: { ...compileCache, TIDEMARK_ALL_HISTORIES: "1" },
          experimental,
        },
      },
      {
        extends: true,
        test: {
          name: "live with JSX",
          include: except(withJsx, leftOut).filter((path) => live.includes(path)),
        },
      },
      ...limits.map((limit) => ({
        extends: true as const,
        test: {
          name: `live under ${limit}`,
          include: underLimits,
          env: { ...compileCache, TIDEMARK_PLATFORM: limit },
          experimental,
        },
      })),
      { extends: true, test: { name: "lint", include: lint, isolate: false, experimental } },
      { extends: true, test: { name: "replacing", include: replacing } },
      // The files of a worker share its modules, which halves the CPU time of a small file.
      {
        extends: true,
        test: { name: "fake timers", include: withFakeTimers, isolate: false, experimental },
      },
      {
        extends: true,
        test: {
          name: "others",
          include: except(all, live, lint, playedLive, replacing, withFakeTimers),
          isolate: false,
          experimental,
        },
      },
    ],
  },
});
