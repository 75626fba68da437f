// The built Worker with a configuration in it. Each is built once: some sixty worlds of the suites and
// benches share a handful of configurations, and a bundle takes a fifth of a second.
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

/** All that a bundle is made of, save its configuration: the packages stand in package-lock.json. */
const madeOf = ["worker.ts", "src/**/*.ts", "local/*.ts", "tsconfig*.json", "package-lock.json"];

/**
 * @param config what stands between the parentheses of `defineConfig(…)`
 * @returns one ES module, out of a file if the same was built before from the same sources
 * @throws OperatorError for a configuration that is refused: each time, since no refusal is kept
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
    const text = `import { defineConfig } from "tidemark";\nexport default defineConfig(${config});\n`;
    await writeFile(path, text);
    return await buildWorker(path, changed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Another process may read it at any moment, or write the very same: it appears at once and whole. */
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
