// The version of the command, its User-Agent, and how users install it.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import manifest from "../package.json" with { type: "json" };

export const { version } = manifest;

/**
 * The files that users install until the packages are published. `npm pack` writes them into a copy
 * of the repository. Their paths are known if this command runs from that copy.
 */
export const packageFiles = {
  library: packed(`tidemark-${version}.tgz`),
  command: packed(`tidemark-cli-${version}.tgz`),
};

function packed(name: string): string {
  const path = fileURLToPath(new URL(`../../../${name}`, import.meta.url));
  return existsSync(path) ? `"${path}"` : `path/to/${name}`;
}

/** A shell comment for commands that name one of the files. */
export const notPublished = "# not published yet: run npm pack in a copy of Tidemark's repository";

export const userAgent = `tidemark-cli/${version}`;
