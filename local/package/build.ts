// `npm run build`: builds the published package in dist/, or in the folder of its argument: JavaScript for Node and
// Workers, and the types of its exports. The repository itself runs from its sources.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import manifest from "../../package.json" with { type: "json" };
import { root } from "../bundling.ts";

/** The source of each export of package.json, by the name of its file in dist/. */
const entries = Object.fromEntries(
  Object.values(manifest.exports).flatMap((file) => {
    if (typeof file === "string") return [];
    const source = file.types.replace("./dist/types/", "").replace(".d.ts", "");
    return [[file.default.replace("./dist/", "").replace(".js", ""), source]];
  }),
);

const [folder = join(root, "dist")] = process.argv.slice(2);
const dist = resolve(folder);

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
    chunkNames: "[name]-[hash]",
    logLevel: "warning",
  });
}

const imports = /(?<=from "|import\(")(\.[^"]+)\.ts(?=")/g;

/** Writes only the types that exports depend on. Their imports end with `.js`, like those of the scripts. */
async function buildTypes(): Promise<void> {
  const made = await mkdtemp(join(tmpdir(), "tidemark-types-"));
  try {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const project = join(root, "tsconfig.package.json");
    await promisify(execFile)(process.execPath, [compiler, "-p", project, "--outDir", made]);
    const wanted = Object.values(entries).map((name) => join(made, `${name}.d.ts`));
    // Iterating over a set includes members that are added meanwhile.
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
