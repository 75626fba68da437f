// The Tidemark library to bundle with a configuration and a Worker: this repository's sources, or
// the package that a project has installed.
import { join } from "node:path";
import { aliasOf, root } from "../bundling.ts";

export interface Library {
  /** The folder from which the bundler resolves modules. */
  readonly folder: string;
  /** Modules that do not resolve to installed packages. */
  readonly alias: Readonly<Record<string, string>>;
  /** Files that declare the types of the runtime, which the library's sources use. */
  readonly declarations: readonly string[];
  /** The text of a module that validates `module.default` and exports it as `config`. */
  readonly checking: string;
}

/** The sources of a copy of this repository. */
export function sourceLibrary(folder: string): Library {
  const alias = aliasOf(folder);
  const checking =
    `import { configOf } from ${JSON.stringify(join(folder, "src/config/config.ts"))};\n` +
    `import { partsOf } from ${JSON.stringify(join(folder, "src/part/open-parts.ts"))};\n` +
    `export const config = configOf(module.default);\npartsOf(config);\n`;
  const declarations = [join(folder, "src/platform/workers-platform.d.ts")];
  return { folder, alias, declarations, checking };
}

export const ownLibrary = sourceLibrary(root);

/**
 * The installed package of a project. `createWorker` validates the configuration and its parts.
 */
export function installedLibrary(folder: string): Library {
  const checking =
    `import { createWorker } from "tidemark/worker";\n` +
    `createWorker(module.default);\nexport const config = module.default;\n`;
  return { folder, alias: {}, declarations: [], checking };
}
