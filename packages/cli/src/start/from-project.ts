// The runtime of Workers and the bundler, as the project's own wrangler has them: what runs on this machine is then
// what that wrangler deploys. The build puts this in the place of imports of these packages.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { OperatorError } from "../../../../src/tidemark.ts";

/**
 * @param name a package that wrangler depends on
 * @param names what is imported of it
 * @throws OperatorError where the project has no wrangler, or one of another age
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
    mend: "Run npm install --save-dev wrangler@^4.164.0.",
  });
}

/** @returns the path of its manifest: in the project, else beside this command */
function wranglerOf(folder: string): string {
  for (const from of [join(folder, "package.json"), import.meta.url]) {
    try {
      return createRequire(from).resolve("wrangler/package.json");
    } catch {
      // The next place may have it.
    }
  }
  throw new OperatorError({
    what: "wrangler is not there.",
    why: `tidemark start runs the Worker with it, and it is not installed in ${folder}.`,
    mend: "Run npm install --save-dev wrangler there.",
  });
}
