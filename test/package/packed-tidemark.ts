// Packs Tidemark into a folder of its own, so that suites which install the package can run at the same time.
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../local/bundling.ts";
import { newerEnv, newerNode, run } from "./commands.ts";

/** Returns the path of the tarball. */
export async function packedTidemark(folder: string): Promise<string> {
  const source = join(folder, "package");
  await mkdir(source, { recursive: true });
  await run(newerNode, ["local/package/build.ts", join(source, "dist")], root);
  await cp(join(root, "package.json"), join(source, "package.json"));
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const said = JSON.parse(await run("npm", pack, source, newerEnv)) as object;
  const [{ filename }] = Object.values(said) as [{ filename: string }];
  return join(folder, filename);
}
