// Prints the size of the project beside the sizes in sizes.json. Fails if one has grown.
// `node local/sizes.ts --record` records the present sizes.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import {
  bundleContents,
  dataInMemory,
  filesThatRun,
  linesOfCode,
  overObjects,
} from "./bundle-contents.ts";

const record = new URL("sizes.json", import.meta.url);

/** The generated pages follow the sources, so their size has no bound. */
const generated = "words of docs/reference";

const wordsOf = (paths: readonly string[]) =>
  paths.reduce((sum, path) => sum + (readFileSync(path, "utf8").match(/\S+/g)?.length ?? 0), 0);

const linesOf = (paths: readonly string[]) =>
  paths.reduce((sum, path) => sum + linesOfCode(path), 0);

async function present(): Promise<Record<string, number>> {
  const entries = 'export * from "./src/worker.ts"; export * from "./src/upstash.ts";';
  const [root, objects, data, reached] = await Promise.all(
    [undefined, overObjects, dataInMemory, entries].map(bundleContents),
  );
  const own = (reached?.files ?? []).map(({ path }) => path);
  const runs = Object.entries(filesThatRun());
  return {
    "lines of src": linesOf(globSync("src/**/*.ts*")),
    "lines of packages/cli/src": linesOf(globSync("packages/cli/src/**/*.ts")),
    "lines that worker.ts with upstash() reaches": linesOf(
      own.filter((path) => path.startsWith("src/")),
    ),
    "lines of test, testing, bench and packages/cli/test": linesOf(
      globSync("{test,testing,bench,packages/cli/test}/**/*.{ts,tsx,js,mjs}", {
        exclude: ["**/node_modules/**"],
      }),
    ),
    "words of docs, without internals and reference": wordsOf(
      globSync("docs/**/*.md", { exclude: ["docs/internals/**", "docs/reference/**"] }),
    ),
    "words of docs/internals": wordsOf(globSync("docs/internals/**/*.md")),
    [generated]: wordsOf(globSync("docs/reference/*.md")),
    "bytes of the Worker": root?.bytes ?? 0,
    "bytes of a Worker on durableObjects()": objects?.bytes ?? 0,
    "bytes of tidemark/data in memory": data?.bytes ?? 0,
    ...Object.fromEntries(
      runs.map(([kind, { files }]) => [`files that run: ${kind}`, files.length]),
    ),
  };
}

const { values } = parseArgs({ options: { record: { type: "boolean", default: false } } });
const sizes = await present();
if (values.record) writeFileSync(record, `${JSON.stringify(sizes, null, 2)}\n`);
const recorded = JSON.parse(readFileSync(record, "utf8")) as Readonly<Record<string, number>>;
const grown: string[] = [];
for (const [name, size] of Object.entries(sizes)) {
  const before = recorded[name] ?? 0;
  if (!(size <= before) && name !== generated) grown.push(name);
  const change = size === before ? "" : ` ${size > before ? "+" : ""}${size - before}`;
  console.log(`${String(size).padStart(8)}  ${name}${change}`);
}
if (grown.length > 0) {
  console.error(
    `Larger than recorded in local/sizes.json: ${grown.join(", ")}. Delete something. If a user gets something for it, say what in the commit, and record it: node local/sizes.ts --record`,
  );
  process.exitCode = 1;
}
