// Loads the Workers runtime and the bundler of the project's own wrangler, so that `tidemark start`
// runs what that wrangler deploys. The build replaces imports of these packages with imports of
// this module.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OperatorError } from "../../../../src/tidemark.ts";

/**
 * @param name a package that wrangler depends on
 * @param names the imported names
 * @throws OperatorError if the project has no wrangler, or an incompatible one
 */
export async function fromProject(
  name: string,
  names: readonly string[],
): Promise<Readonly<Record<string, unknown>>> {
  const wrangler = wranglerOf(process.cwd());
  const path = createRequire(wrangler).resolve(name);
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const found = { ...(module["default"] as object | undefined), ...module };
  const missing = names.filter((one) => found[one as keyof typeof found] === undefined);
  if (missing.length === 0) return found;
  throw new OperatorError({
    what: "The wrangler of this project cannot be used.",
    why: `Its ${name} has no ${missing.join(", ")}.`,
    hint: "Run npm install --save-dev wrangler@^4.164.0.",
  });
}

/** Returns the path of wrangler's manifest, in the project or beside this command. */
function wranglerOf(folder: string): string {
  for (const from of [join(folder, "package.json"), import.meta.url]) {
    try {
      return createRequire(from).resolve("wrangler/package.json");
    } catch {
      // Try the next place.
    }
  }
  throw new OperatorError({
    what: "wrangler is missing.",
    why: `tidemark start needs it, and it is not installed in ${folder}.`,
    hint: "Run npm install --save-dev wrangler there.",
  });
}
