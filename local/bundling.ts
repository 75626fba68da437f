// Bundles modules like `wrangler deploy`.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** The module that `import { defineConfig } from "tidemark"` loads in a configuration outside this folder. */
export const configModule = join(root, "src/config/config.ts");

/**
 * The options of `wrangler deploy`: its defaults and those of wrangler.toml. A test compares the
 * results.
 */
export const bundling = {
  bundle: true,
  write: false,
  minify: true,
  format: "esm",
  platform: "browser",
  conditions: ["workerd", "worker", "browser"],
  target: "es2024",
  define: { "process.env.NODE_ENV": '"production"' },
  alias: {
    tidemark: configModule,
    "tidemark/senders": join(root, "src/senders.ts"),
    "tidemark/outward": join(root, "src/outward.ts"),
    "tidemark/upstash": join(root, "src/upstash.ts"),
    "tidemark/operate": join(root, "src/operate.ts"),
    "tidemark/probe": join(root, "src/operate/probe/probe.ts"),
    "tidemark/dashboard": join(root, "src/operate/dashboard/dashboard.ts"),
  },
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Returns one ES module. @throws BuildFailure if it does not compile */
export async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...bundling, ...options, write: false });
  return outputFiles[0]?.text ?? "";
}
