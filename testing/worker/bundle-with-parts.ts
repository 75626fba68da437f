// Bundles a Worker in which a test or a bench replaces some parts.
import { bundled, root } from "../../local/bundling.ts";

/**
 * @param config the argument of `defineConfig`
 * @param given.from the module that exports `name`, relative to the root of the repository
 * @param given.factories an expression of `CacheFactories` that may use `name`
 * @returns one ES module, not minified
 */
export function bundleWithParts(
  config: string,
  given: { readonly name: string; readonly from: string; readonly factories: string },
): Promise<string> {
  const contents = `
    import { defineConfig } from "./src/tidemark.ts";
    import { operate } from "./src/parts/operate/operate.ts";
    import { upstash } from "./src/upstash.ts";
    import { createWorker } from "./src/worker.ts";
    import { ${given.name} } from "${given.from}";

    const factories = ${given.factories};
    export default createWorker(defineConfig({ parts: [operate()], ...${config} }), { stores: upstash(), factories });
  `;
  const stdin = { contents, resolveDir: root, sourcefile: "worker.js", loader: "js" } as const;
  return bundled({ stdin, minify: false });
}
