// Which Tidemark a configuration and a Worker are bundled with: this repository's sources, or the package that is
// installed in a project.
import { join } from "node:path";
import { root } from "../bundling.ts";

export interface Library {
  /** The folder from which its modules are found. */
  readonly folder: string;
  /** Names of modules that lead elsewhere than to installed packages. */
  readonly alias: Readonly<Record<string, string>>;
  /** A module's text: it refuses the configuration `module.default`, or exports it as `config`. */
  readonly checking: string;
}

/** A copy of the repository, from its sources. */
export function sourceLibrary(folder: string): Library {
  const config = join(folder, "src/config/config.ts");
  const checking =
    `import { configOf } from ${JSON.stringify(config)};\n` +
    `export const config = configOf(module.default);\n`;
  const alias = { tidemark: config, "tidemark/senders": join(folder, "src/senders.ts") };
  return { folder, alias, checking };
}

export const ownLibrary = sourceLibrary(root);

/** The package of a project. Its Worker checks a configuration before it does anything else. */
export function installedLibrary(folder: string): Library {
  const checking =
    'import { createWorker } from "tidemark/worker";\n' +
    "createWorker(module.default);\nexport const config = module.default;\n";
  return { folder, alias: {}, checking };
}
