// Reads the files of a folder for doctor.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { stripComments } from "jsonc-parser";
import type { Env } from "../../../../../src/protocol/variables/bindings.ts";
import { type Deployment, deploymentsIn } from "./deployment.ts";
import { isIgnoredByGit } from "./git-ignore.ts";
import {
  isTable,
  readWranglerFile,
  textIfThere,
  type WranglerFile,
} from "../../wrangler/wrangler-file.ts";

/** A file that holds secrets. */
export interface SecretFile {
  readonly name: string;
  /** The secrets by name; `undefined` if the file cannot be parsed. */
  readonly secrets: Env | undefined;
  /** Whether users other than the owner can read the file. */
  readonly isOpen: boolean;
  /** Whether git ignores the file; `undefined` without git or outside a repository. */
  readonly isIgnored: boolean | undefined;
}

export interface FolderRead {
  readonly folder: string;
  readonly wrangler: WranglerFile;
  /** All wrangler files that exist. */
  readonly wranglerNames: readonly string[];
  readonly deployments: readonly Deployment[];
  readonly secretFiles: readonly SecretFile[];
  /** The text of `tidemark.config.ts` without comments; `undefined` if absent. */
  readonly configuration: string | undefined;
  /** The texts, without comments, of the existing files that deployments name as `main`. */
  readonly mainTexts: ReadonlyMap<string, string>;
}

export async function readFolder(folder: string): Promise<FolderRead> {
  const { file: wrangler, present } = await readWranglerFile(folder);
  const deployments = wrangler.kind === "read" ? deploymentsIn(wrangler.table) : [];
  const mains = new Set(deployments.flatMap(({ main }) => (main === undefined ? [] : [main])));
  const mainTexts = await Promise.all(
    [...mains].map(async (main) => [main, await textIfThere(join(folder, main))] as const),
  );
  const configuration = await textIfThere(join(folder, "tidemark.config.ts"));
  const environments = deployments.flatMap(({ environment }) => environment ?? []);
  return {
    folder,
    wrangler,
    wranglerNames: present,
    deployments,
    secretFiles: await readSecretFiles(folder, environments),
    configuration: configuration && stripComments(configuration),
    mainTexts: new Map(
      mainTexts.flatMap(([main, text]) =>
        text === undefined ? [] : [[main, stripComments(text)]],
      ),
    ),
  };
}

/** Reads the secret files that the docs and templates mention. */
async function readSecretFiles(
  folder: string,
  environments: readonly string[],
): Promise<SecretFile[]> {
  const names = [
    ".dev.vars",
    ...environments.map((environment) => `.dev.vars.${environment}`),
    "secrets.json",
    "secrets.env",
  ];
  const read = await Promise.all(
    names.map(async (name): Promise<SecretFile[]> => {
      const path = join(folder, name);
      const text = await textIfThere(path);
      if (text === undefined) return [];
      const { mode } = await stat(path);
      const isOpen = process.platform !== "win32" && (mode & 0o077) !== 0;
      const isIgnored = await isIgnoredByGit(folder, name);
      return [{ name, secrets: secretsIn(name, text), isOpen, isIgnored }];
    }),
  );
  return read.flat();
}

function secretsIn(name: string, text: string): Env | undefined {
  if (!name.endsWith(".json")) return parseEnv(text);
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
