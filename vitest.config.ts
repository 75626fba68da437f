import { defineConfig } from "vitest/config";

/** A process for each file, and in it all of src/ once more, cost more than most of these tests. */
const inOneProcess = [
  "test/*.test.ts",
  "test/{admin,cache,config,http,observe,platform,proxy,purge,purger,scenarios,testing}/**/*.test.ts",
];

export default defineConfig({
  test: {
    // Suites that start workerd and Redis processes share two cores with the rest.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "shared", include: inOneProcess, isolate: false } },
      {
        extends: true,
        test: { name: "own", include: ["test/**/*.test.ts"], exclude: inOneProcess },
      },
    ],
  },
});
