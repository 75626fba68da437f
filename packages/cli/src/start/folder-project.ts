// Reads the project of a folder: its Worker, its configuration, its wrangler file and .dev.vars.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { installedLibrary, type Library, sourceLibrary } from "../../../../local/run/library.ts";
import type { Project } from "../../../../local/run/project.ts";
import { isFault } from "../../../../src/protocol/fault.ts";
import { databaseOf } from "../../../../src/protocol/variables/database.ts";
import { OperatorError } from "../../../../src/tidemark.ts";
import { packageFiles } from "../version.ts";
import { textIfThere, wranglerNames } from "../wrangler/wrangler-file.ts";
import { readWorkerOf } from "./worker-of-folder.ts";

const configs = ["ts", "mts", "js", "mjs"].map((ending) => `tidemark.config.${ending}`);

/**
 * @param named a configuration to use instead of the folder's own
 * @throws OperatorError if there is nothing to start, or a file cannot be read
 */
export async function readFolder(folder: string, named: string | undefined): Promise<Project> {
  const own = configs.map((name) => join(folder, name)).find((path) => existsSync(path));
  const config = named ?? own;
  const wrangler = await readWorkerOf(folder);
  if (config === undefined && wrangler?.main === undefined) {
    throw new OperatorError({
      what: `There is nothing to start in ${folder}.`,
      why: "It has no tidemark.config.ts, and no wrangler file with a main module.",
      hint: "Run tidemark init here, or change to the folder of your site.",
    });
  }
  const variables = parseEnv((await textIfThere(join(folder, ".dev.vars"))) ?? "");
  // Leave out SITE_HOST: redirects and absolute URLs would lead to the deployed site.
  const { SITE_HOST: _, ...deployed } = wrangler?.variables ?? {};
  const texts = Object.entries({ ...deployed, ...variables });
  const database = databaseOf(variables);
  return {
    library: libraryIn(folder),
    main: wrangler?.main,
    config,
    compatibility: wrangler?.compatibility ?? {},
    variables: Object.fromEntries(
      texts.filter((pair): pair is [string, string] => pair[1] !== undefined),
    ),
    rateLimits: wrangler?.rateLimits ?? {},
    r2Buckets: wrangler?.r2Buckets ?? [],
    ...(wrangler?.durableObjects && { durableObjects: wrangler.durableObjects }),
    otherFiles: [...wranglerNames, ".dev.vars"].map((name) => join(folder, name)),
    notes: [
      ...(wrangler?.notes ?? []),
      ...(isFault(database)
        ? [
            `npx wrangler dev does not use the database of .dev.vars. ${database.why} ${database.hint}`,
          ]
        : []),
    ],
  };
}

/** Returns the package that the project has installed; in a copy of this repository, its sources. */
function libraryIn(folder: string): Library {
  if (
    existsSync(join(folder, "src/config/config.ts")) &&
    existsSync(join(folder, "src/tidemark.ts"))
  ) {
    return sourceLibrary(folder);
  }
  try {
    createRequire(join(folder, "package.json")).resolve("tidemark/worker");
  } catch (cause) {
    throw new OperatorError({
      what: "The package tidemark is missing.",
      why: `It is not installed in ${folder}, and the Worker needs it.`,
      hint: `Run npm install ${packageFiles.library} ${packageFiles.command} there. The packages are not published yet: npm pack writes these files in a copy of Tidemark's repository.`,
      cause,
    });
  }
  return installedLibrary(folder);
}
