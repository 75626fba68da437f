// A Worker in which some parts are those of a test or a bench.
import { bundled, root } from "../../local/bundling.ts";

/**
 * @param config what stands between the parentheses of `defineConfig(…)`
 * @param given.from the module, from the root of the repository, that exports `name`
 * @param given.parts an expression of `CacheParts` in which `name` may be used
 * @returns one ES module, which is not minified
 */
export function bundleWithParts(
  config: string,
  given: { readonly name: string; readonly from: string; readonly parts: string },
): Promise<string> {
  const contents = `
    import { defineConfig } from "./src/tidemark.ts";
    import { createWorker } from "./src/worker.ts";
    import { ${given.name} } from "${given.from}";

    export default createWorker(defineConfig(${config}), { parts: ${given.parts} });
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "worker.js", loader: "js" } as const;
  return bundled({ stdin, minify: false });
}
