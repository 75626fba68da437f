// Runs a bench: `npm run bench -- NAME [options]`. Without a name, it lists all benches.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts")
  .map((file) => file.slice(0, -".ts".length))
  .toSorted();

/** Returns the first sentence of a bench's head comment. */
function aboutOf(name: string): string {
  const [comment = ""] = /^(?:\/\/.*\n)+/.exec(readFileSync(`${folder}/${name}.ts`, "utf8")) ?? [];
  const text = comment.replaceAll(/^\/\/ ?/gm, "").replaceAll("\n", " ");
  return /^.*?[.?:](?= |$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

const [name, ...options] = process.argv.slice(2);
if (name !== undefined && names.includes(name)) {
  const flags = ["--disable-warning=ExperimentalWarning", "--expose-gc"];
  const script = `${folder}/${name}.ts`;
  const { status } = spawnSync(process.execPath, [...flags, script, ...options], {
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} else {
  const longest = Math.max(...names.map(({ length }) => length));
  const rows = names.map((one) => `  ${one.padEnd(longest)}  ${aboutOf(one)}\n`);
  if (name !== undefined) {
    process.exitCode = 1;
    process.stderr.write(`There is no bench ${JSON.stringify(name)}. Name one of these:\n\n`);
  }
  const out = name === undefined ? process.stdout : process.stderr;
  out.write(`${rows.join("")}\nRun one: npm run bench -- NAME [options]\n`);
}
