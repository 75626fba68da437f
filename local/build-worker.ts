// Bundles the Worker like `wrangler deploy`, with any configuration file.
import { join, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { bundled, root } from "./bundling.ts";
import { defaultConfigPath, loadConfig } from "./load-config.ts";
import { usedConfig } from "./run/project.ts";

type BuildChanges = Pick<BuildOptions, "minify" | "keepNames" | "entryPoints" | "plugins">;

/**
 * @param configPath the configuration to bundle instead of `tidemark.config.ts`
 * @param changes bundler options that a bench changes from those of a deployment
 * @returns one ES module
 * @throws OperatorError if the file is missing, does not compile, or has an invalid configuration
 */
export async function buildWorker(
  configPath: string = defaultConfigPath,
  { plugins = [], ...changed }: BuildChanges = {},
): Promise<string> {
  await loadConfig(configPath);
  return bundled({
    entryPoints: [join(root, "worker.ts")],
    plugins: [usedConfig(resolve(configPath)), ...plugins],
    ...changed,
  });
}
