// The package that reads the configuration of a project.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { installedLibrary, type Library, sourceLibrary } from "../../../../local/run/library.ts";
import { OperatorError } from "../../../../src/tidemark.ts";
import { packageFiles } from "../version.ts";

/**
 * Returns the package that the project has installed; in a copy of this repository, its sources.
 *
 * @throws OperatorError if the package is missing
 */
export function libraryIn(folder: string): Library {
  if (
    existsSync(join(folder, "src/config/config.ts")) &&
    existsSync(join(folder, "src/tidemark.ts"))
  ) {
    return sourceLibrary(folder);
  }
  const required = createRequire(join(folder, "package.json"));
  try {
    required.resolve("tidemark/worker");
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
