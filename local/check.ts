// Runs the checks of `npm run check`. With `--changed`, lints and formats only the files that differ from the last
// commit.
import { execFileSync, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { changed: { type: "boolean", default: false } } });

const git = (...args: string[]) =>
  execFileSync("git", args, { encoding: "utf8" }).split("\n").filter(Boolean);

const changed = [
  ...git("diff", "HEAD", "--name-only", "--diff-filter=d"),
  ...git("ls-files", "--others", "--exclude-standard"),
];
const sources = changed.filter((path) => /\.[cm]?[jt]sx?$/.test(path));

/** Runs a program, and ends this process if it fails. */
function run(program: string, ...args: string[]): void {
  const { status } = spawnSync(program, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

run("tsc");
run("tsc", "-p", "tsconfig.worker.json");
if (!values.changed) run("oxlint", "--type-aware", "--deny-warnings");
else if (sources.length > 0) run("oxlint", "--type-aware", "--deny-warnings", ...sources);
if (!values.changed) run("oxfmt", "--check");
else if (changed.length > 0) run("oxfmt", "--check", ...changed);
run("vitest", "run", "--project=lint");
run(process.execPath, "local/sizes.ts");
