// Runs a bench: `npm run bench -- NAME [options]`. Without a name, it lists all benches. `NAME --help` prints the
// head comment of a bench, which has its options.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "main.ts")
  .map((file) => file.slice(0, -".ts".length))
  .toSorted();

/** Returns a bench's head comment. */
function helpOf(name: string): string {
  const [comment = ""] = /^(?:\/\/.*\n)+/.exec(readFileSync(`${folder}/${name}.ts`, "utf8")) ?? [];
  return comment.replaceAll(/^\/\/ ?/gm, "");
}

/** Returns the first sentence of a bench's head comment. */
function aboutOf(name: string): string {
  const text = helpOf(name).replaceAll("\n", " ");
  return /^.*?[.?:](?= |$)/.exec(text)?.[0].replace(/:$/, ".") ?? text;
}

/** Runs a bench in this process. An option that the bench does not have prints its help in place of a stack. */
async function run(name: string, options: readonly string[]): Promise<void> {
  const script = `${folder}/${name}.ts`;
  process.argv.splice(1, Infinity, script, ...options);
  try {
    await import(script);
  } catch (cause) {
    const { code, message } = cause as { readonly code?: unknown; readonly message: string };
    if (!String(code).startsWith("ERR_PARSE_ARGS_")) throw cause;
    process.stderr.write(`${message}\n\n${helpOf(name)}`);
    process.exitCode = 2;
  }
}

const [name, ...options] = process.argv.slice(2);
if (name !== undefined && names.includes(name)) {
  const flags = ["--disable-warning=ExperimentalWarning", "--expose-gc"];
  if (options.includes("--help")) process.stdout.write(helpOf(name));
  else if (globalThis.gc !== undefined) await run(name, options);
  else {
    const own = fileURLToPath(import.meta.url);
    const child = [...flags, own, name, ...options];
    process.exitCode = spawnSync(process.execPath, child, { stdio: "inherit" }).status ?? 1;
  }
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
