// `npm run build`: the package as it is published, in dist/: JavaScript for Node 20 and Workers, and the
// types of what is exported. The repository itself runs from its sources.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { root } from "../bundling.ts";

/** What package.json exports, by the name of its file in dist/. */
const entries = {
  tidemark: "tidemark",
  worker: "worker",
  hono: "hono",
  cloudflare: "cloudflare",
  data: "data-cache",
  node: "node-cache",
  sinks: "sinks",
  senders: "senders",
  purger: "purge-sender",
  rules: "http-rules",
};

const dist = join(root, "dist");

async function buildScripts(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: Object.entries(entries).map(([out, of]) => ({ in: `src/${of}.ts`, out })),
    outdir: dist,
    bundle: true,
    splitting: true,
    packages: "external",
    format: "esm",
    platform: "neutral",
    target: "es2022",
    inject: ["local/package/node-20.ts"],
    define: { "Promise.withResolvers": "promiseWithResolvers", "URL.parse": "parseUrl" },
    chunkNames: "[name]-[hash]",
    logLevel: "warning",
  });
}

const imports = /(?<=from "|import\(")(\.[^"]+)\.ts(?=")/g;

/** Only the types that an export leads to, whose imports say `.js` as those of the scripts do. */
async function buildTypes(): Promise<void> {
  const made = await mkdtemp(join(tmpdir(), "tidemark-types-"));
  try {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const project = join(root, "tsconfig.package.json");
    await promisify(execFile)(process.execPath, [compiler, "-p", project, "--outDir", made]);
    const wanted = Object.values(entries).map((name) => join(made, `${name}.d.ts`));
    // A set gives what is added to it while it is read.
    const files = new Set(wanted);
    for (const file of files) {
      const text = await readFile(file, "utf8");
      for (const [, path = ""] of text.matchAll(imports)) {
        files.add(resolve(dirname(file), `${path}.d.ts`));
      }
      const target = join(dist, "types", relative(made, file));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, text.replaceAll(imports, "$1.js"));
    }
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}

await rm(dist, { recursive: true, force: true });
await Promise.all([buildScripts(), buildTypes()]);
