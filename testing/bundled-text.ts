// Bundles a module that a test or a bench writes as text.
import type { BuildOptions } from "esbuild";
import { bundled, root } from "../local/bundling.ts";

/**
 * @param contents JavaScript, whose imports are relative to the root of the repository
 * @returns one ES module
 */
export const bundledText = (contents: string, options: BuildOptions = {}): Promise<string> =>
  bundled({
    stdin: { contents, resolveDir: root, sourcefile: "module.js", loader: "js" },
    ...options,
  });
