// Functions that the checks of the package share: commands as in a user's shell, and timed steps.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { root } from "../../local/bundling.ts";

/** @returns the path of a file in this repository's node_modules */
export const tool = (path: string) => join(root, "node_modules", path);

/** Node 24, which the tools need. This process may run on an older Node. */
export const newerNode = tool("node/bin/node");

/** Parameters of `npm install`, which prefer packages in npm's own cache. */
export const quietInstall = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];

/** The machine's own PATH, without the folders that `npm run` adds. */
const ownPath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);

const own = { ...process.env, PATH: ownPath, NO_COLOR: "1" };

/** The environment of a user who has installed Node 24. */
export const newerEnv = { ...own, PATH: [dirname(newerNode), ownPath].join(delimiter) };

/**
 * Runs a command to its end, by default with the machine's own Node.
 *
 * @returns the standard output
 * @throws Error with the whole output, if the command fails
 */
export async function run(
  command: string,
  parameters: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv = own,
): Promise<string> {
  try {
    const done = await promisify(execFile)(command, parameters, { cwd: folder, env });
    return done.stdout;
  } catch (cause) {
    const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${parameters.join(" ")} failed:\n${stdout}\n${stderr}`, { cause });
  }
}

interface Packed {
  readonly filename: string;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

/**
 * Packs a package, and has publint check the tarball.
 *
 * @param parameters further parameters of `npm pack`
 * @param allowed matches the paths that the tarball may contain
 * @throws Error for another path, or for a finding of publint
 */
export async function packed(folder: string, parameters: readonly string[], allowed: RegExp) {
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const said = JSON.parse(await run("npm", [...pack, ...parameters], root)) as
    | Packed[]
    | Record<string, Packed>;
  const [tarball] = Object.values(said);
  if (tarball === undefined) throw new Error("npm pack named no tarball.");
  const paths = tarball.files.map(({ path }) => path);
  const foreign = paths.filter((path) => !allowed.test(path));
  check(foreign.length === 0, `The tarball has what it should not: ${foreign.join(", ")}.`);
  const path = join(folder, tarball.filename);
  const bytes = new Uint8Array(await readFile(path));
  const { messages } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
  check(messages.length === 0, `publint says: ${JSON.stringify(messages)}`);
  return { path, paths, unpackedSize: tarball.unpackedSize };
}

/** @throws Error with the text `otherwise`, unless `holds` */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Runs a step, and prints its duration. */
export async function step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const beganAtMs = Date.now();
  const result = await work();
  process.stdout.write(`${name}: ${((Date.now() - beganAtMs) / 1_000).toFixed(1)} s\n`);
  return result;
}
