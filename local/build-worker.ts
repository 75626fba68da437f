// Bundles the Worker as `wrangler deploy` does, with any configuration file in it.
import { join, resolve } from "node:path";
import type { BuildOptions } from "esbuild";
import { bundled, root } from "./bundling.ts";
import { defaultConfigPath, loadConfig } from "./load-config.ts";
import { usedConfig } from "./run/project.ts";

type Changed = Pick<BuildOptions, "minify" | "keepNames">;

/**
 * @param configPath the configuration file to bundle in place of `tidemark.config.ts`
 * @param changed for benches: what is to be otherwise than in what is deployed
 * @returns one ES module
 * @throws OperatorError when the file is missing, does not compile, or its configuration is refused
 */
export async function buildWorker(
  configPath: string = defaultConfigPath,
  changed: Changed = {},
): Promise<string> {
  await loadConfig(configPath);
  return bundleWorker(configPath, changed);
}

/** With a configuration that has been loaded before. */
export async function bundleWorker(configPath: string, changed: Changed = {}): Promise<string> {
  return bundled({
    entryPoints: [join(root, "worker.ts")],
    plugins: [usedConfig(resolve(configPath))],
    ...changed,
  });
}
