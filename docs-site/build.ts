// `npm run docs`: builds the documentation site in docs-site/dist/. With `--serve`, shows the site on 127.0.0.1, and
// updates it when a page changes.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname;

/** Runs a program in the folder of the site. Ends this process if the program fails. */
function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { cwd: folder, stdio: "inherit" });
  if (error) console.error(`${program} did not start: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Returns whether the folder has the packages of its lock file. */
function isInstalled(): boolean {
  const installed = join(folder, "node_modules/.package-lock.json");
  const locked = statSync(join(folder, "package-lock.json"));
  return existsSync(installed) && statSync(installed).mtimeMs >= locked.mtimeMs;
}

const [option, ...rest] = process.argv.slice(2);
if ((option !== undefined && option !== "--serve") || rest.length > 0) {
  console.error("Usage: npm run docs [-- --serve]");
  process.exit(2);
}
if (!isInstalled()) run("npm", ["ci", "--no-audit", "--no-fund"]);
const vitepress = join(folder, "node_modules/vitepress/bin/vitepress.js");
const serving = option === "--serve";
run(process.execPath, [vitepress, ...(serving ? ["dev", "--host", "127.0.0.1"] : ["build"])]);
