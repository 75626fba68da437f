// The files of a new site that are nearly the same before every origin: those of templates/site. The build puts a module with
// their texts in the place of this one.
import { readFileSync } from "node:fs";

export const templatePaths = [
  ".dev.vars.example",
  ".gitignore",
  "package.json",
  "src/worker.ts",
  "test/config.test.ts",
  "tsconfig.json",
  "wrangler.jsonc",
] as const;

const folder = new URL("../../../../templates/site/", import.meta.url);

/** @param path from the folder of a site on */
export function templateText(path: (typeof templatePaths)[number]): string {
  return readFileSync(new URL(path, folder), "utf8");
}
