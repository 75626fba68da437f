// Type-checks a configuration like the Worker's own code, whatever its folder.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Fault, OperatorError } from "../src/base/operator-error.ts";
import { type Library, ownLibrary } from "./run/library.ts";

/**
 * Checks TypeScript files, if the project has TypeScript. Loading reports faults in other files.
 *
 * @throws OperatorError with the first fault
 */
export async function checkTypes(configPath: string, library: Library = ownLibrary): Promise<void> {
  const path = resolve(configPath);
  const typescript = compilerOf(library);
  if (!/\.[mc]?ts$/.test(path) || typescript === undefined) return;
  const folder = await mkdtemp(join(tmpdir(), "tidemark-types-"));
  try {
    const project = join(folder, "tsconfig.json");
    await writeFile(project, JSON.stringify(projectOf(path, library)));
    const parameters = [join(typescript, "bin/tsc"), "-p", project, "--pretty", "false"];
    await promisify(execFile)(process.execPath, parameters, { cwd: dirname(path) });
  } catch (cause) {
    const output = (cause as { stdout?: string }).stdout ?? "";
    throw new OperatorError({ ...faultIn(output || String(cause), path), cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const faultLine = /^(.+)\((\d+),(\d+)\): error \w+: (.*)$/gm;

/**
 * Returns the first fault of the configuration; otherwise the first fault of an imported file, with
 * its name.
 */
function faultIn(output: string, path: string): Fault {
  const faults = [...output.matchAll(faultLine)].map(([, file = "", line, column, why = ""]) => ({
    file: resolve(dirname(path), file),
    why: `Line ${line}, column ${column}: ${why}`,
  }));
  const [first] = output.split("\n", 1);
  const fault = faults.find(({ file }) => file === path) ??
    faults[0] ?? { file: path, why: `${first}.` };
  return { what: `${fault.file} has a type error.`, why: fault.why, hint: "Fix that line." };
}

/** Returns the folder of TypeScript; `undefined` in a project without it. */
function compilerOf({ folder }: Library): string | undefined {
  try {
    return dirname(createRequire(join(folder, "package.json")).resolve("typescript/package.json"));
  } catch {
    return undefined;
  }
}

/** Compiler options for a project without a tsconfig. */
const plainSettings = { target: "ESNext", strict: true, skipLibCheck: true };

/** Nothing is emitted, so options of the project that need output would be errors. */
const notEmitting = {
  noEmit: true,
  composite: false,
  incremental: false,
  declaration: false,
  declarationMap: false,
  emitDeclarationOnly: false,
  isolatedDeclarations: false,
  rootDir: "/",
};

/** Resolves imports like a bundler, because the folder need not be a package. */
function projectOf(path: string, { folder, alias, declarations }: Library) {
  const settings = ["tsconfig.worker.json", "tsconfig.json"].map((name) => join(folder, name));
  const own = settings.filter((file) => existsSync(file));
  return {
    extends: own.slice(0, 1),
    compilerOptions: {
      ...(own.length === 0 ? plainSettings : {}),
      allowImportingTsExtensions: true,
      module: "preserve",
      moduleResolution: "bundler",
      ...notEmitting,
      verbatimModuleSyntax: false,
      resolveJsonModule: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: Object.fromEntries(Object.entries(alias).map(([name, to]) => [name, [to]])),
    },
    include: [],
    files: [path, ...declarations],
  };
}
