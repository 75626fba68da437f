// Separates the mutants that the compiler rejects.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OperatorError } from "../../src/base/operator-error.ts";
import type { Survivor } from "./judge.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Returns the survivors that compile. All of them are compiled at once, as files beside their original. */
export function compiling(survivors: readonly Survivor[]): Survivor[] {
  const folder = mkdtempSync(`${root}bench/mutation/dist/compiled-`);
  try {
    cpSync(`${root}src`, `${folder}/src`, { recursive: true });
    for (const [index, { file, source }] of survivors.entries()) {
      writeFileSync(`${folder}/${file.replace(/\.ts$/, `.mutant${index}.ts`)}`, source);
    }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(project));
    const rejected = rejectedIn(compile(folder));
    return survivors.filter((_, index) => !rejected.has(index));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As for the Worker, but a mutant is not rejected only for a name that it leaves unused. */
const project = {
  extends: "../../../../tsconfig.worker.json",
  compilerOptions: {
    allowUnreachableCode: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  include: ["src"],
};

function compile(folder: string): string {
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  const args = [compiler, "-p", folder, "--pretty", "false"];
  return spawnSync(process.execPath, args, { encoding: "utf8" }).stdout;
}

/** @throws OperatorError if the source itself does not compile */
function rejectedIn(output: string): ReadonlySet<number> {
  const errors = output.split("\n").filter((line) => /^\S.*: error /.test(line));
  return new Set(
    errors.map((error) => {
      const [, index] = /\.mutant(\d+)\.ts\(/.exec(error) ?? [];
      if (index !== undefined) return Number(index);
      throw new OperatorError({
        what: "The mutants could not be compiled.",
        why: error,
        hint: "Run npm run check, and correct the code.",
      });
    }),
  );
}
