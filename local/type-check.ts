// Checks the types of a configuration, wherever it lies, as the compiler checks the Worker's own.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { OperatorError } from "../src/operator-error.ts";
import { configModule, root } from "./bundling.ts";

const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));

/**
 * Of a file that is not TypeScript nothing is checked: its fields are, when it is loaded.
 *
 * @throws OperatorError with the first fault
 */
export async function checkTypes(configPath: string): Promise<void> {
  const path = resolve(configPath);
  if (!/\.[mc]?ts$/.test(path)) return;
  const folder = await mkdtemp(join(tmpdir(), "tidemark-types-"));
  try {
    const project = join(folder, "tsconfig.json");
    await writeFile(project, JSON.stringify(projectOf(path)));
    const parameters = [join(typescript, "bin/tsc"), "-p", project, "--pretty", "false"];
    await promisify(execFile)(process.execPath, parameters, { cwd: dirname(path) });
  } catch (cause) {
    const output = (cause as { stdout?: string }).stdout ?? "";
    const [, line, column, fault] = /\((\d+),(\d+)\): error \w+: (.*)/.exec(output) ?? [];
    const what = output.split("\n", 1)[0] || String(cause);
    throw new OperatorError({
      what: `${path} does not fit its types.`,
      why: fault === undefined ? `${what}.` : `Line ${line}, column ${column}: ${fault}`,
      mend: "Mend it there.",
      cause,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What it imports is found as a bundler finds it: its folder need not be a package. */
function projectOf(path: string) {
  return {
    extends: join(root, "tsconfig.worker.json"),
    compilerOptions: {
      module: "preserve",
      moduleResolution: "bundler",
      declaration: false,
      verbatimModuleSyntax: false,
      resolveJsonModule: true,
      noUnusedLocals: false,
      noUnusedParameters: false,
      paths: { tidemark: [configModule] },
    },
    include: [],
    files: [path],
  };
}
