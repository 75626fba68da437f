// `npm run test:package`: packs the package, installs it in a new folder and uses it there. Ends
// with 1 at the first failed check.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../local/bundling.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { together } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { check, newerEnv, newerNode, packed, quietInstall, run, step, tool } from "./commands.ts";
import { commandTarball, useCommand } from "./command.ts";
import { filesIn } from "./examples.ts";
import { useTemplate } from "./template.ts";

/** A limit slightly above the present size. Raise it only on purpose. */
const unpackedBytesMax = 2_610_000;

/** @returns the path of the tarball */
async function libraryTarball(folder: string): Promise<string> {
  await run(newerNode, ["local/package/build.ts"], root);
  const allowed =
    /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|skills\/tidemark\/SKILL\.md|dist\/[\w-]+\.js|dist\/types\/[\w/-]+\.d\.ts)$/;
  const { path, paths, unpackedSize } = await packed(folder, [], allowed);
  const tests = paths.filter((one) => /\btests?\b/.test(one));
  check(tests.length === 0, "The tarball has tests.");
  const types = paths.filter((one) => one.endsWith(".d.ts"));
  const texts = await Promise.all(types.map((one) => readFile(join(root, one), "utf8")));
  const ofValibot = types.filter((_, index) => texts[index]?.includes('from "valibot'));
  check(ofValibot.length === 0, `Types read those of Valibot: ${ofValibot.join(", ")}.`);
  check(
    unpackedSize < unpackedBytesMax,
    `The package has ${unpackedSize} bytes unpacked. The limit is ${unpackedBytesMax}.`,
  );
  process.stdout.write(`  ${paths.length} files, ${unpackedSize} bytes\n`);
  const attw = tool("@arethetypeswrong/cli/dist/index.js");
  await run(newerNode, [attw, path, "--profile", "esm-only", "--no-emoji"], root);
  return path;
}

/** Installs the package in a folder, as a user would, with the examples of the documents. */
async function installed(tarball: string, folder: string): Promise<void> {
  const manifest = { name: "uses-tidemark", private: true, type: "module" };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const libraries = [
    "hono@4.13.19",
    "@hono/node-server@2.1.8",
    "ioredis@6.0.0",
    "drizzle-orm@0.45.4",
    "@electric-sql/pglite@0.5.16",
  ];
  const clients = [
    "upstash-1.34@npm:@upstash/redis@1.34.0",
    "upstash-1.36@npm:@upstash/redis@1.36.4",
  ];
  const packages = [tarball, ...libraries, ...clients, "@types/node@24.19.2"];
  await run("npm", ["install", ...quietInstall, ...packages], folder);
  const documents =
    "package middleware own-server data data-on-workers data-patterns sinks drizzle outward varnish-dialect webhooks esi from-any-stack";
  for (const document of ["../README", ...documents.split(" ")]) {
    const text = await readFile(join(root, `docs/${document}.md`), "utf8");
    for (const { name, content } of filesIn(text)) await writeFile(join(folder, name), content);
  }
  // The types of Workers, of which the examples import this function alone, would replace those of Node.
  const runtime =
    'declare module "cloudflare:workers" { export function waitUntil(work: Promise<unknown>): void; }';
  await writeFile(join(folder, "runtime.d.ts"), runtime);
  const examples = "own-data node handlers purge sqlite-sink upstash-clients tidemark.config".split(
    " ",
  );
  // Files of TypeScript end with .txt there, so that the checks of the repository skip them.
  for (const name of ["type-faults", ...examples]) {
    await cp(join(root, `test/package/${name}.txt`), join(folder, `${name}.ts`));
  }
  await cp(join(root, "test/package/plain.mjs"), join(folder, "plain.mjs"));
}

async function typed(folder: string): Promise<void> {
  const lib = ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"];
  const output = { target: "ES2022", lib, module: "NodeNext", types: ["node"], outDir: "out" };
  const sources = { rewriteRelativeImportExtensions: true };
  const strictness = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
  const ofLibraries = "with-*.ts";
  const project = {
    compilerOptions: { ...output, ...sources, ...strictness },
    exclude: [ofLibraries],
  };
  // The types of Drizzle itself have errors.
  const libraries = {
    compilerOptions: { ...project.compilerOptions, skipLibCheck: true },
    include: [ofLibraries],
  };
  const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    exports: Record<string, object>;
  };
  const names = Object.keys(exports).filter((name) => name !== "./package.json");
  const imports = names.map((name) => `import ${JSON.stringify(name.replace(".", "tidemark"))};\n`);
  await mkdir(join(folder, "without-dom"));
  await writeFile(join(folder, "without-dom/exports.ts"), imports.join(""));
  const withoutDom = {
    compilerOptions: { ...project.compilerOptions, lib: ["ES2023"], noEmit: true },
    include: ["without-dom"],
  };
  for (const [name, one] of Object.entries({
    tsconfig: { ...project, include: ["*.ts"] },
    libraries,
    withoutDom,
  })) {
    await writeFile(join(folder, `${name}.json`), JSON.stringify(one));
    await run(newerNode, [tool("typescript/bin/tsc"), "-p", `${name}.json`], folder);
  }
}

async function used(folder: string): Promise<void> {
  const said = (script: string) => run(newerNode, ["--no-warnings", script], folder);
  check((await said("plain.mjs")).includes("All is well."), "The exports fail.");
  check((await said("out/own-data.js")) === "EUR\n", "createCache keeps nothing.");
  const answer = await said("out/data.js");
  check(answer === "Tides true 2\n", "The data cache gave another answer.");
  const lines = (await said("out/node.js")).split("\n");
  // Log lines stand between these two lines.
  const [first = "", second = ""] = lines.filter((line) => line.startsWith("tidemark;"));
  check(first.startsWith("tidemark; fwd=uri-miss"), `The first answer says ${first}.`);
  check(second.startsWith("tidemark; hit"), `The second answer says ${second}.`);
  const top = await said("out/sqlite-sink.js");
  check(top === '[["tides",3],["moon",2]]\n', `The sink holds ${top}.`);
}

/** Plays a miss, a hit and a purge, each in a process of its own, with clients of three versions. */
async function usedWithClients(folder: string): Promise<void> {
  await together(async (running) => {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const { url, token } = await running.add(startUpstashRestServer({ redisUrl, token: "local" }));
    const env = { ...newerEnv, UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
    const played = async (version: string, what: string) =>
      (await run(newerNode, ["out/upstash-clients.js", version, what], folder, env)).trim();
    const versions = ["1.34", "1.36", "newest"];
    for (const [nth, version] of versions.entries()) {
      const next = versions[(nth + 1) % versions.length] ?? "";
      const said = [await played(version, "load"), await played(next, "load")];
      await played(next, "purge");
      said.push(await played(version, "load"));
      check(
        said.join() === "loaded,kept,loaded",
        `With ${version}, processes said ${said.join()}.`,
      );
      await played(version, "purge");
    }
  });
}

async function bundledByWrangler(folder: string): Promise<void> {
  const wrangler = tool("wrangler/bin/wrangler.js");
  const dry = ["deploy", "--dry-run", "--outdir"];
  await run(newerNode, [wrangler, ...dry, "built", "--config", "wrangler.toml"], folder);
  const built = await readFile(join(folder, "built/worker.js"), "utf8");
  check(built.includes("tidemark-record"), "The Worker does not contain Tidemark.");
  await run(newerNode, [wrangler, ...dry, "built-hono", "cached-site.ts"], folder);
}

/** Checks the library in a folder of its own. */
async function useLibrary(tarball: string, folder: string): Promise<void> {
  await mkdir(folder);
  await step("install", () => installed(tarball, folder));
  await step("type check", () => typed(folder));
  await step("use", () => used(folder));
  await step("clients of Upstash", () => usedWithClients(folder));
  await step("wrangler", () => bundledByWrangler(folder));
}

const folder = await mkdtemp(join(tmpdir(), "tidemark-package-"));
try {
  const tarball = await step("pack, publint, attw", () => libraryTarball(folder));
  const command = await step("command: pack", () => commandTarball(folder));
  const site = join(folder, "site");
  const useSite = async () => {
    await useTemplate([tarball, command], site);
    await useCommand({ tarballs: folder, site, tarball: command });
  };
  const both = [useLibrary(tarball, join(folder, "library")), useSite()];
  for (const result of await Promise.allSettled(both)) {
    if (result.status === "rejected") throw result.reason;
  }
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
