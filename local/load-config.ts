// Loads a configuration like the Worker: bundles and validates it, and reports an error in one line.
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import type { BuildFailure } from "esbuild";
import type { Config } from "../src/config/config.ts";
import { type Fault, faultText, OperatorError } from "../src/base/operator-error.ts";
import { bundled, root } from "./bundling.ts";
import { type Library, ownLibrary } from "./run/library.ts";

export const defaultConfigPath = join(root, "tidemark.config.ts");

const loadMsMaxUsual = 30_000;

interface LoadSettings {
  readonly loadMsMax?: number;
  readonly library?: Library;
}

/** @throws OperatorError if the file is missing, does not compile, does not finish loading, or is invalid */
export async function loadConfig(
  configPath: string,
  { loadMsMax = loadMsMaxUsual, library = ownLibrary }: LoadSettings = {},
): Promise<Config> {
  const path = resolve(configPath);
  if (!existsSync(path)) {
    throw new OperatorError({
      what: `${path} cannot be used.`,
      why: "There is no such file.",
      hint: "Pass an existing file with --config.",
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "tidemark-config-"));
  try {
    const module = join(folder, "config.mjs");
    await writeFile(module, await bundled(checking(path, library)));
    return await imported(module, { path, loadMsMax });
  } catch (cause) {
    // The bundle contains its own copy of the class `OperatorError`.
    if (cause instanceof Error && cause.name === "OperatorError") throw cause;
    throw new OperatorError({ ...unusable(path, firstFault(cause, { path, library })), cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unusable(path: string, why: string): Fault {
  const hint = "Fix the file, so that its default export is defineConfig({ … }).";
  return { what: `${path} cannot be used.`, why, hint };
}

async function imported(
  module: string,
  { path, loadMsMax }: { path: string; loadMsMax: number },
): Promise<Config> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const fault = unusable(path, `It did not finish loading within ${loadMsMax / 1_000} s.`);
  const timer = setTimeout(() => reject(new OperatorError(fault)), loadMsMax);
  try {
    const loading = import(pathToFileURL(module).href) as Promise<{ config: Config }>;
    return (await Promise.race([loading, tooLate])).config;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Reports an exit of this process as a failure until the caller calls the returned function.
 * Otherwise a configuration that calls `process.exit(0)` would seem valid.
 */
export function refuseExit(configPath: string): () => void {
  const fault = unusable(resolve(configPath), "It ended the process before the check.");
  const tell = () => {
    process.exitCode = 1;
    process.stderr.write(`${faultText(fault)}\n`);
  };
  process.once("exit", tell);
  return () => void process.off("exit", tell);
}

/** Imports all exports. Otherwise the bundler itself would report a missing default export. */
function checking(path: string, { folder, alias, checking: refusing }: Library) {
  const contents = `import * as module from ${JSON.stringify(path)};\n${refusing}`;
  return {
    alias: { ...alias },
    absWorkingDir: folder,
    stdin: { contents, resolveDir: folder, sourcefile: "checking.ts" },
  };
}

interface ConfigSource {
  /** The requested file. Errors name only other files. */
  readonly path: string;
  readonly library: Library;
}

/** Returns a sentence, with line and column if the bundler reports them. */
export function firstFault(cause: unknown, { path, library }: ConfigSource): string {
  const [fault] = isBuildFailure(cause) ? cause.errors : [];
  if (fault === undefined) {
    const failure = cause instanceof Error ? String(cause) : inspect(cause);
    return `It failed with ${JSON.stringify(failure)}.`;
  }
  const { location, text } = fault;
  if (location === null) return `${text}.`;
  const where = `line ${location.line}, column ${location.column + 1}: ${text}.`;
  return resolve(library.folder, location.file) === path
    ? `L${where.slice(1)}`
    : `${location.file}, ${where}`;
}

export function isBuildFailure(cause: unknown): cause is BuildFailure {
  // AggregateError also has `errors`, of another kind.
  return cause instanceof Error && "errors" in cause && "warnings" in cause;
}
