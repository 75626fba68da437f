// Bundles the Worker as `wrangler deploy` does, with any configuration file in it.
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, type BuildFailure, type BuildOptions, type Plugin } from "esbuild";
import { OperatorError } from "../src/operator-error.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
export const defaultConfigPath = join(root, "tidemark.config.ts");

/** What `import { defineConfig } from "tidemark"` means in a configuration outside this folder. */
const configModule = join(root, "src/config.ts");

/** As `wrangler deploy` has it by itself and by wrangler.toml; a test compares what comes of it. */
export const bundling = {
  bundle: true,
  write: false,
  minify: true,
  format: "esm",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  target: "es2024",
  define: { "process.env.NODE_ENV": '"production"' },
  alias: { tidemark: configModule },
  logLevel: "silent",
} as const satisfies BuildOptions;

/**
 * @param configPath the configuration file to bundle in place of `tidemark.config.ts`
 * @param changed for benches: what is to be otherwise than in what is deployed
 * @returns one ES module
 * @throws OperatorError when the file is missing, does not compile, or its configuration is refused
 */
export async function buildWorker(
  configPath: string = defaultConfigPath,
  changed: Pick<BuildOptions, "minify" | "keepNames"> = {},
): Promise<string> {
  const config = resolve(configPath);
  await checkConfig(config);
  const usedConfig: Plugin = {
    name: "configuration",
    setup: (building) => {
      building.onResolve({ filter: /\/tidemark\.config\.ts$/ }, () => ({ path: config }));
    },
  };
  return bundled(join(root, "src/worker.ts"), { plugins: [usedConfig], ...changed });
}

/** Loads the configuration here first, where a refusal can be told in one line. */
async function checkConfig(config: string): Promise<void> {
  if (!existsSync(config)) {
    throw new OperatorError({
      what: `${config} cannot be used.`,
      why: "There is no such file.",
      mend: "Name one with --config.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "tidemark-config-"));
  try {
    const module = join(folder, "config.mjs");
    await writeFile(module, await bundled(config));
    const loaded = (await import(pathToFileURL(module).href)) as { default?: unknown };
    if (loaded.default === undefined) {
      throw new OperatorError({
        what: `${config} is refused.`,
        why: "It has no default export.",
        mend: "Write `export default defineConfig({ … })`.",
      });
    }
  } catch (cause) {
    // The bundle has its own copy of the class.
    if (cause instanceof Error && cause.name === "OperatorError") throw cause;
    throw new OperatorError({
      what: `${config} cannot be used.`,
      why: firstFault(cause),
      mend: "Mend it, so that its default export is defineConfig({ … }).",
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundled(entry: string, changed: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    ...bundling,
    ...changed,
    entryPoints: [entry],
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

function firstFault(cause: unknown): string {
  const [fault] = isBuildFailure(cause) ? cause.errors : [];
  if (fault === undefined) return `It failed with ${JSON.stringify(String(cause))}.`;
  const { location, text } = fault;
  return location === null
    ? `${text}.`
    : `Line ${location.line}, column ${location.column}: ${text}.`;
}

function isBuildFailure(cause: unknown): cause is BuildFailure {
  return cause instanceof Error && "errors" in cause;
}
