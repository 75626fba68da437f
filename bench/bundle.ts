// Prints what one has to hold: the bytes of the built Worker, the bytes and lines of Workers with other imports, and the files that run for each kind of request. `--write` updates the
// tables in docs/performance.md.
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type BundleContents,
  bundleContents,
  filesThatRun,
  linesOfCode,
  packageOf,
} from "../local/bundle-contents.ts";
import { counted, markdownTable, replaceMarkedPart } from "./load/figures.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
  const contents = await bundleContents();
  const sizes = `${sizeSaid(contents)} ${await sourcesSaid()}\n`;
  const text = [sizes, await reportOfImports(), reportOfRuns()].join("\n");
  process.stdout.write(text);
  const path = fileURLToPath(new URL("../docs/performance.md", import.meta.url));
  if (values.write) await replaceMarkedPart(path, "bundle", text);
}

function sizeSaid({ bytes, gzipBytes }: BundleContents): string {
  return `The Worker has ${counted(bytes)} bytes, and ${counted(gzipBytes)} when compressed.`;
}

const objects = "durableObjects, TidemarkJournal, TidemarkRecords";
const [ofObjects, ofUpstash, ofOperate, ofWorker, ofHono, ofData] = [
  `import { ${objects} } from "./src/cloudflare.ts"; globalThis.a = [${objects}];`,
  'import { upstash } from "./src/upstash.ts"; globalThis.b = upstash;',
  'import { operate } from "./src/parts/operate/operate.ts"; globalThis.c = operate;',
  'import { createWorker } from "./src/worker.ts"; globalThis.d = createWorker;',
  'import { tidemark } from "./src/hono.ts"; globalThis.f = tidemark;',
  'import { createDataCache } from "./src/data-cache.ts"; globalThis.e = createDataCache;',
];

const kinds = {
  "`durableObjects()`": [ofWorker, ofObjects],
  "`durableObjects()`, `operate()`": [ofWorker, ofObjects, ofOperate],
  "`tidemark/hono`, `durableObjects()`": [ofHono, ofObjects],
  "`upstash()`": [ofWorker, ofUpstash],
  "`upstash()`, `operate()`": [ofWorker, ofUpstash, ofOperate],
  "`tidemark/data` in memory alone": [ofData],
};

/** Returns a table of Workers by their imports, with the lines of the sources that they contain. */
async function reportOfImports(): Promise<string> {
  const rows = Object.entries(kinds).map(async ([kind, imports]) => {
    const { bytes, gzipBytes, files } = await bundleContents(imports.join("\n"));
    const own = files.filter(({ path, bytes: kept }) => path.startsWith("src/") && kept > 0);
    const total = own.reduce((sum, { path }) => sum + linesOfCode(path), 0);
    return [kind, counted(bytes), counted(gzipBytes), counted(own.length), counted(total)];
  });
  const heads = ["imports", "bytes", "compressed", "files of `src/`", "their lines of code"];
  return markdownTable(heads, await Promise.all(rows));
}

/** Returns what a reader of the sources has to hold, and what our own code adds to a Worker. */
async function sourcesSaid(): Promise<string> {
  const { files } = await bundleContents([ofWorker, ofUpstash].join("\n"));
  const ofClient = (path: string) => ["@upstash/redis", "uncrypto"].includes(packageOf(path) ?? "");
  const own = files.filter(({ path }) => !ofClient(path));
  const bytes = own.reduce((sum, file) => sum + file.bytes, 0);
  const sources = globSync("{src,packages/cli/src}/**/*.ts");
  const total = sources.reduce((sum, path) => sum + linesOfCode(path), 0);
  return (
    `Without the client of Upstash, \`upstash()\` has ${counted(bytes)} bytes. ` +
    `The library and the command have ${counted(total)} lines of code.`
  );
}

/** Returns a table of the files of `src/` that run, which the READMEs of the rooms list. */
function reportOfRuns(): string {
  const rows = Object.entries(filesThatRun()).map(([kind, { files }]) => [
    kind,
    counted(files.length),
  ]);
  return markdownTable(["what runs", "files of `src/`"], rows);
}

await main();
