// The version of the command, its User-Agent, and how users install it.
import manifest from "../package.json" with { type: "json" };

export const { version } = manifest;

/**
 * The files that users install until the packages are published. `npm pack` writes them in a copy
 * of the repository.
 */
export const packageFiles = {
  library: `path/to/tidemark-${version}.tgz`,
  command: `path/to/tidemark-cli-${version}.tgz`,
};

/** A shell comment for commands that name one of the files. */
export const notPublished = "# not published yet: run npm pack in a copy of Tidemark's repository";

export const userAgent = `tidemark-cli/${version}`;
