import { readdirSync, readFileSync } from "node:fs";
import { configDefaults, defineConfig } from "vitest/config";

const include = [
  "test/**/*.test.ts",
  "examples/*/test/**/*.test.ts",
  "packages/*/test/**/*.test.ts",
];

/** Files that replace modules, timers or, as this server does, other globals need a worker of their own. */
const replacing = ["test", "packages/cli/test"]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  )
  .filter(
    (path) =>
      path.endsWith(".test.ts") &&
      /vi\.mock\(|playTimers|useFakeTimers|node-server|node-site|demo-origin/.test(
        readFileSync(path, "utf8"),
      ),
  );

export default defineConfig({
  test: {
    // On two cores: suites that live in real time mostly wait, so a third keeps the cores at work.
    maxWorkers: 3,
    // A busy machine may take its time: a test that hangs is all that these find.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    setupFiles: ["testing/digests-at-once.ts"],
    projects: [
      { extends: true, test: { name: "replacing", include: replacing } },
      // The files of a worker share its modules, which halves the CPU time of a small file.
      {
        extends: true,
        test: {
          name: "others",
          include,
          exclude: [...configDefaults.exclude, ...replacing],
          isolate: false,
        },
      },
    ],
  },
});
