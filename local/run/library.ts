// The Tidemark library to bundle with a configuration and a Worker: this repository's sources, or
// the package that a project has installed.
import { join } from "node:path";
import { root } from "../bundling.ts";

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
  const config = join(folder, "src/config/config.ts");
  const checking =
    `import { configOf } from ${JSON.stringify(config)};\n` +
    `export const config = configOf(module.default);\n`;
  const alias = {
    tidemark: config,
    "tidemark/senders": join(folder, "src/senders.ts"),
    "tidemark/outward": join(folder, "src/outward.ts"),
    "tidemark/upstash": join(folder, "src/upstash.ts"),
    "tidemark/operate": join(folder, "src/operate.ts"),
    "tidemark/device": join(folder, "src/device.ts"),
    "tidemark/esi": join(folder, "src/esi/esi.ts"),
    "tidemark/query": join(folder, "src/query/query.ts"),
    "tidemark/slices": join(folder, "src/slices/slices.ts"),
    "tidemark/probe": join(folder, "src/operate/probe/probe.ts"),
    "tidemark/dashboard": join(folder, "src/operate/dashboard/dashboard.ts"),
  };
  const declarations = [join(folder, "src/platform/workers-platform.d.ts")];
  return { folder, alias, declarations, checking };
}

export const ownLibrary = sourceLibrary(root);

/** The parts of the package that `installedLibrary` passes to the Worker. */
export const passedParts = ["operate", "esi", "query", "slices"];

/**
 * The installed package of a project. `createWorker` validates the configuration. It gets each part
 * that a route may need: whether the project's own Worker has them shows when that Worker starts.
 */
export function installedLibrary(folder: string): Library {
  const imports = passedParts.map((part) => `import { ${part} } from "tidemark/${part}";\n`);
  const passed = passedParts.map((part) => `${part}: ${part}()`);
  const checking =
    imports.join("") +
    'import { createWorker } from "tidemark/worker";\n' +
    `createWorker(module.default, { ${passed.join(", ")} });\nexport const config = module.default;\n`;
  return { folder, alias: {}, declarations: [], checking };
}
