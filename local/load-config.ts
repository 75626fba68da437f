// Loads a configuration as the Worker will: bundled, checked, and with a refusal told in one line.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildFailure } from "esbuild";
import type { Config } from "../src/config.ts";
import { OperatorError } from "../src/operator-error.ts";
import { bundled, configModule, root } from "./bundling.ts";

export const defaultConfigPath = join(root, "tidemark.config.ts");

/** @throws OperatorError when the file is missing, does not compile, or is refused */
export async function loadConfig(configPath: string): Promise<Config> {
  const path = resolve(configPath);
  if (!existsSync(path)) {
    throw new OperatorError({
      what: `${path} cannot be used.`,
      why: "There is no such file.",
      mend: "Name one with --config.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "tidemark-config-"));
  try {
    const module = join(folder, "config.mjs");
    await writeFile(module, await bundled(checking(path)));
    const loaded = (await import(pathToFileURL(module).href)) as { config: Config };
    return loaded.config;
  } catch (cause) {
    // The bundle has its own copy of the class.
    if (cause instanceof Error && cause.name === "OperatorError") throw cause;
    throw new OperatorError({
      what: `${path} cannot be used.`,
      why: firstFault(cause),
      mend: "Mend it, so that its default export is defineConfig({ … }).",
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** All exports are imported, so that a missing default is told by us and not by the bundler. */
function checking(path: string) {
  const contents =
    `import * as module from ${JSON.stringify(path)};\n` +
    `import { configOf } from ${JSON.stringify(configModule)};\n` +
    `export const config = configOf(module.default);\n`;
  return { stdin: { contents, resolveDir: root, sourcefile: "checking.ts" } };
}

function firstFault(cause: unknown): string {
  const [fault] = isBuildFailure(cause) ? cause.errors : [];
  if (fault === undefined) return `It failed with ${JSON.stringify(String(cause))}.`;
  const { location, text } = fault;
  return location === null
    ? `${text}.`
    : `Line ${location.line}, column ${location.column}: ${text}.`;
}

function isBuildFailure(cause: unknown): cause is BuildFailure {
  return cause instanceof Error && "errors" in cause;
}
