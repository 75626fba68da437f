// Bundles the Worker with a configuration, and keeps the bundle in a file. About sixty worlds of
// suites and benches share a few configurations, and bundling takes 200 ms.
import { createHash, randomUUID } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildWorker } from "../../local/build-worker.ts";
import { root } from "../../local/bundling.ts";

type Changed = Parameters<typeof buildWorker>[1];

const kept = join(root, "node_modules/.cache/tidemark-bundles");
const keptMsMax = 24 * 60 * 60 * 1_000;

/** The inputs of a bundle except its configuration. package-lock.json determines the packages. */
const madeOf = [
  "worker.ts",
  "src/**/*.ts",
  "local/*.ts",
  "local/run/*.ts",
  "tsconfig*.json",
  "package-lock.json",
];

/**
 * @param config the argument of `defineConfig`
 * @returns one ES module, from a file if the same sources were bundled before
 * @throws OperatorError for an invalid configuration
 */
export async function bundleWith(config: string, changed: Changed = {}): Promise<string> {
  const path = join(kept, `${await digestOf([config, JSON.stringify(changed)])}.js`);
  const before = await readFile(path, "utf8").catch(() => undefined);
  if (before !== undefined) return before;
  const worker = await built(config, changed);
  await keep(path, worker);
  return worker;
}

async function digestOf(given: readonly string[]): Promise<string> {
  const paths = globSync(madeOf, { cwd: root }).toSorted();
  const texts = await Promise.all(paths.map((path) => readFile(join(root, path), "utf8")));
  const hash = createHash("sha256");
  for (const text of [...given, ...paths, ...texts]) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex");
}

async function built(config: string, changed: Changed): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-test-"));
  try {
    const path = join(folder, "tidemark.config.ts");
    const text = `import { defineConfig } from "tidemark";\nimport { operate } from "tidemark/operate";\nimport { hotKeys } from "tidemark/hot-keys";\nimport { globalCollapse } from "tidemark/global-collapse";\nexport default defineConfig({ parts: [operate()], ...${config} });\n`;
    await writeFile(path, text);
    return await buildWorker(path, changed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the file atomically, because another process may read it or write the same file. */
async function keep(path: string, worker: string): Promise<void> {
  await mkdir(kept, { recursive: true });
  for (const name of await readdir(kept)) {
    const old = await stat(join(kept, name)).catch(() => undefined);
    const isOld = old !== undefined && Date.now() - old.mtimeMs > keptMsMax;
    if (isOld) await rm(join(kept, name), { force: true });
  }
  const written = `${path}.${randomUUID()}`;
  await writeFile(written, worker);
  await rename(written, path);
}
