// The files of templates/site, which are nearly the same for every origin. The build replaces this
// module with one that contains the texts of these files.
import { readFileSync } from "node:fs";

export const templatePaths = [
  ".dev.vars.example",
  ".gitignore",
  "README.md",
  "package.json",
  "src/worker.ts",
  "test/config.test.ts",
  "tidemark.config.ts",
  "tsconfig.json",
  "worker-configuration.d.ts",
  "wrangler.jsonc",
] as const;
export type TemplatePath = (typeof templatePaths)[number];

const folder = new URL("../../../../templates/site/", import.meta.url);

/** @param path relative to the folder of a site */
export function templateText(path: TemplatePath): string {
  return readFileSync(new URL(path, folder), "utf8");
}
