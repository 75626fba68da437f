// The file of a project's configuration.
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Returns the path of the folder's configuration; `undefined` without one. */
export function configIn(folder: string): string | undefined {
  return ["ts", "mts", "js", "mjs"]
    .map((ending) => join(folder, `tidemark.config.${ending}`))
    .find((path) => existsSync(path));
}
