// A Worker in the form that a release keeps: bundled and minified as for an upload, without its
// configuration, which the caller prepends.
import { join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { bundled, root } from "../../local/bundling.ts";

/** The name from which the text reads its configuration. No code in the text declares it. */
export const configName = "tidemarkConfig";

const openConfig = (source: string): Plugin => ({
  name: "open configuration",
  setup: (building) => {
    building.onResolve({ filter: /\/tidemark\.config\.ts$/ }, ({ path }) => ({
      path,
      namespace: "open",
    }));
    building.onLoad({ filter: /.*/, namespace: "open" }, () => ({
      contents:
        'import { hotKeys } from "./src/parts/hot-keys/hot-keys.ts";\n' +
        'import { operate } from "./src/parts/operate/operate.ts";\n' +
        `const { hotKeys: count, ...others } = ${configName};\n` +
        "export default { parts: [operate(), ...(count ? [hotKeys(count)] : [])], ...others };",
      resolveDir: resolve(source),
    }));
  },
});

/** The Worker of a checkout over Redis, and the Worker over Durable Objects with their classes. */
export const entries = {
  redis: "worker.ts",
  objects: "testing/released/objects-worker.ts",
} as const;

/**
 * @param source the folder of a checkout with its packages
 * @returns one ES module, to be completed by `configured`
 */
export async function openWorker(
  source: string = root,
  entry: string = entries.redis,
): Promise<string> {
  return bundled({
    absWorkingDir: resolve(source),
    entryPoints: [join(resolve(source), entry)],
    plugins: [openConfig(source)],
  });
}

/** @param config the argument of `defineConfig`, as JSON */
export function configured(worker: string, config: string): string {
  return `const ${configName} = ${config};\n${worker}`;
}
