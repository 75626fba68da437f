// A Worker as a release keeps it: bundled and minified as it is uploaded, save for its configuration,
// which whoever runs it puts before it.
import { join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { bundled, root } from "../../local/bundling.ts";

/** What the text reads its configuration from: a name that nothing in it declares. */
export const configName = "tidemarkConfig";

const openConfig: Plugin = {
  name: "open configuration",
  setup: (building) => {
    building.onResolve({ filter: /\/tidemark\.config\.ts$/ }, ({ path }) => ({
      path,
      namespace: "open",
    }));
    building.onLoad({ filter: /.*/, namespace: "open" }, () => ({
      contents: `export default ${configName};`,
    }));
  },
};

/**
 * @param source the folder of a checkout; its packages are found from there
 * @returns one ES module, which needs its configuration before it
 */
export async function openWorker(source: string = root): Promise<string> {
  return bundled({
    absWorkingDir: resolve(source),
    entryPoints: [join(resolve(source), "worker.ts")],
    plugins: [openConfig],
  });
}

/** @param config as JSON: what stands between the parentheses of `defineConfig(…)` */
export function configured(worker: string, config: string): string {
  return `const ${configName} = ${config};\n${worker}`;
}
