// The tests that a mutation run repeats for each mutant: those of the folder under mutation.
import { defineConfig } from "vitest/config";

const folder = process.env["TIDEMARK_MUTATED"] ?? "rules";

export default defineConfig({
  test: {
    include: [`test/${folder}/**/*.test.ts`],
    // Two comparisons with other parsers, and a measurement, which take longer than all others.
    exclude: ["test/rules/differential/**", "test/rules/field-parsers.test.ts"],
    isolate: false,
    setupFiles: ["testing/forget-databases.ts"],
    // A mutant that keeps a test waiting ends with the test, so that Stryker need not restart its process.
    testTimeout: 5_000,
  },
});
