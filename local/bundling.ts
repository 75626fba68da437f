// Bundles modules like `wrangler deploy`.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions } from "esbuild";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Returns the sources of the modules that a configuration and its Worker import, in a copy of this repository. */
export const aliasOf = (folder: string) => ({
  tidemark: join(folder, "src/tidemark.ts"),
  "tidemark/worker": join(folder, "src/worker.ts"),
  "tidemark/hooks": join(folder, "src/parts/hooks/hooks.ts"),
  "tidemark/outward": join(folder, "src/parts/outward/outward.ts"),
  "tidemark/upstash": join(folder, "src/upstash.ts"),
  "tidemark/operate": join(folder, "src/parts/operate/operate.ts"),
  "tidemark/device": join(folder, "src/device.ts"),
  "tidemark/esi": join(folder, "src/parts/esi/esi.ts"),
  "tidemark/query": join(folder, "src/parts/query/query.ts"),
  "tidemark/slices": join(folder, "src/parts/slices/slices.ts"),
  "tidemark/global-collapse": join(folder, "src/parts/global-collapse/global-collapse.ts"),
  "tidemark/fallback": join(folder, "src/parts/fallback/fallback.ts"),
  "tidemark/release": join(folder, "src/parts/release/release.ts"),
  "tidemark/nonce": join(folder, "src/parts/nonce/nonce.ts"),
  "tidemark/hot-keys": join(folder, "src/parts/hot-keys/hot-keys.ts"),
  "tidemark/dashboard": join(folder, "src/parts/dashboard/dashboard.ts"),
});

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
  alias: aliasOf(root),
  logLevel: "silent",
} as const satisfies BuildOptions;

/** Returns one ES module. @throws BuildFailure if it does not compile */
export async function bundled(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...bundling, ...options, write: false });
  return outputFiles[0]?.text ?? "";
}
