// Bundles a module as `wrangler deploy` bundles the Worker.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** What `import { defineConfig } from "tidemark"` means in a configuration outside this folder. */
export const configModule = join(root, "src/config/config.ts");

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
  alias: { tidemark: configModule, "tidemark/senders": join(root, "src/senders.ts") },
  logLevel: "silent",
} as const satisfies BuildOptions;

/** @returns one ES module. @throws BuildFailure for what does not compile */
export async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...bundling, ...options, write: false });
  return outputFiles[0]?.text ?? "";
}
