import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "examples/*/test/**/*.test.ts", "packages/*/test/**/*.test.ts"],
    // On two cores: suites that live in real time mostly wait, so a third keeps the cores at work.
    maxWorkers: 3,
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
