// What the checks of the package share: commands as a user's shell runs them, and steps that are timed.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { root } from "../../local/bundling.ts";

/** @returns the path of a file of this repository's packages */
export const tool = (path: string) => join(root, "node_modules", path);

/** Node 24, which the tools need; the one that runs this may be older. */
export const newerNode = tool("node/bin/node");

/** Parameters of `npm install`: from npm's own cache where it has a package. */
export const quietInstall = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];

/** The machine's own, and not the one that `npm run` puts before it. */
const ownPath = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);

const own = { ...process.env, PATH: ownPath, NO_COLOR: "1" };

/** The environment of somebody who has installed Node 24. */
export const newerEnv = { ...own, PATH: [dirname(newerNode), ownPath].join(delimiter) };

/**
 * Runs it to its end, with the machine's own Node unless `env` says otherwise.
 *
 * @returns what it wrote to its standard output
 * @throws Error with all that it wrote, if it fails
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
 * @param parameters of `npm pack`, such as the folder for the tarball
 * @param allowed paths of its files
 * @throws Error for another file in it, or for what publint says
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

/** @throws Error with the text, unless it holds */
export function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** Does the work, and tells how long it took. */
export async function step<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const beganAtMs = Date.now();
  const result = await work();
  process.stdout.write(`${name}: ${((Date.now() - beganAtMs) / 1_000).toFixed(1)} s\n`);
  return result;
}
