// Bundles the Worker like `wrangler deploy`, with any configuration file.
import { join, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { bundled, root } from "./bundling.ts";
import { defaultConfigPath, loadConfig } from "./load-config.ts";
import { usedConfig } from "./run/project.ts";

type BuildChanges = Pick<BuildOptions, "minify" | "keepNames" | "entryPoints" | "plugins">;

/**
 * @param configPath the configuration to bundle instead of `tidemark.config.ts`
 * @param changed bundler options that a bench changes from those of a deployment
 * @returns one ES module
 * @throws OperatorError if the file is missing, does not compile, or has an invalid configuration
 */
export async function buildWorker(
  configPath: string = defaultConfigPath,
  changed: BuildChanges = {},
): Promise<string> {
  await loadConfig(configPath);
  return bundleWorker(configPath, changed);
}

/** Bundles the Worker with a configuration that is already checked. */
export async function bundleWorker(
  configPath: string,
  { plugins = [], ...changed }: BuildChanges = {},
): Promise<string> {
  return bundled({
    entryPoints: [join(root, "worker.ts")],
    plugins: [usedConfig(resolve(configPath)), ...plugins],
    ...changed,
  });
}
