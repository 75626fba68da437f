// Changes the code of src/rules and src/purge, one operator or value at a time, and lists the
// changes that no test notices.
//   npm run bench -- mutation [rules] [purge/view] [purge/purging.ts] [--force]
// A second run repeats only what changed in the code and its tests; `--force` repeats all. Exits
// with 1 if a mutant survives without an entry in `bench/mutation/explained.ts`, or an entry is
// stale.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperatorError } from "../src/base/operator-error.ts";
import { report, unknown } from "./load/run-options.ts";
import { compiling } from "./mutation/compiling.ts";
import { explained } from "./mutation/explained.ts";
import {
  judge,
  type MutationReport,
  mutationTable,
  withoutStaticSurvivors,
} from "./mutation/judge.ts";

const folder = fileURLToPath(new URL("./mutation/", import.meta.url));
const packages = `${folder}node_modules/@stryker-mutator/`;
/** The folders of `src/` that are mutated. The tests are those of the same folder of `test/`. */
const folders = ["rules", "purge"] as const;

await report(async () => {
  const { values, positionals } = parseArgs({
    options: { force: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const paths = positionals.length === 0 ? folders : positionals;
  if (!existsSync(packages)) run("npm", ["ci", "--no-audit", "--no-fund", "--prefix", folder]);
  mkdirSync(`${folder}dist`, { recursive: true });
  const reports = paths.map((path) => mutate(path, values.force));
  const files = Object.assign({}, ...reports.map((one) => one.files)) as MutationReport["files"];
  const known = explained.filter(({ file }) => paths.some((path) => isBelow(path, file)));
  const { counts, findings } = judge({ files }, known, compiling);
  return {
    table: [...findings, mutationTable(counts)].join("\n"),
    violationCount: findings.length,
  };
});

/** Runs the mutants of a path below `src/`. Returns its part of the report. */
function mutate(path: string, isForced: boolean): MutationReport {
  const tests = folders.find((name) => isBelow(name, `src/${path}`));
  if (tests === undefined) throw unknown("A path", path, folders);
  const mutated = `src/${path}${path.endsWith(".ts") ? "" : "/**/*.ts"}`;
  const reportPath = `${folder}dist/${tests}.json`;
  const config = `${folder}dist/stryker.json`;
  if (existsSync(reportPath)) {
    writeFileSync(reportPath, JSON.stringify(withoutStaticSurvivors(readReport(reportPath))));
  }
  writeFileSync(config, JSON.stringify(settings(mutated, reportPath, isForced)));
  const env = { ...process.env, TIDEMARK_MUTATED: tests };
  run(process.execPath, [`${packages}core/bin/stryker.js`, "run", config], env);
  const { files } = readReport(reportPath);
  return {
    files: Object.fromEntries(Object.entries(files).filter(([file]) => isBelow(path, file))),
  };
}

function readReport(path: string): MutationReport {
  return JSON.parse(readFileSync(path, "utf8")) as MutationReport;
}

function isBelow(path: string, file: string): boolean {
  return `${file}/`.startsWith(`src/${path}/`);
}

function settings(mutated: string, incrementalFile: string, force: boolean) {
  return {
    mutate: [mutated],
    incremental: true,
    incrementalFile,
    force,
    testRunner: "vitest",
    plugins: [`${packages}vitest-runner/dist/src/index.js`],
    // Threads have no time zone of their own, which a test of dates sets.
    vitest: { configFile: "bench/mutation/vitest.config.ts", related: false, pool: "forks" },
    coverageAnalysis: "perTest",
    concurrency: 2,
    // A busy machine must not make a survivor look like an endless loop.
    timeoutMS: 30_000,
    tempDirName: "bench/mutation/dist",
    ignorePatterns: ["/docs", "/docs-site", "/examples"],
    // Version 7 of TypeScript lacks the function by which Stryker would rewrite the file.
    tsconfigFile: "none",
    reporters: ["progress-append-only"],
    warnings: { slow: false },
  };
}

function run(program: string, args: readonly string[], env = process.env): void {
  const { status, error } = spawnSync(program, args, { stdio: "inherit", env });
  if (status === 0) return;
  throw new OperatorError({
    what: "The mutation run failed.",
    why: error?.message ?? `${program} ended with ${status}; its output is above.`,
    hint: "If a test fails, run it with npx vitest run, and correct it.",
  });
}
