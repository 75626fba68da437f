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
        'import { globalCollapse } from "./src/parts/global-collapse/global-collapse.ts";\n' +
        'import { hotKeys } from "./src/parts/hot-keys/hot-keys.ts";\n' +
        'import { operate } from "./src/parts/operate/operate.ts";\n' +
        `const { hotKeys: count, routes = [], ...others } = ${configName};\n` +
        'const renamed = ({ collapse, ...route }) => collapse === "global" ? { ...route, use: [globalCollapse()] } : route;\n' +
        "const parts = [operate(), ...(count ? [hotKeys(count)] : [])];\n" +
        "export default { parts, ...others, routes: routes.map(renamed) };",
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
