// Writes files below a folder of the user without following symbolic links.
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * A folder, and a path below the folder. The folder may be a symbolic link, but the path must not
 * contain a symbolic link.
 */
export interface Place {
  readonly folder: string;
  /** Relative to the folder, with slashes. */
  readonly path: string;
}

/** Reports a symbolic link in the path, even if it appeared during the operation. */
export class LinkInTheWay extends Error {
  override readonly name = "LinkInTheWay";
  readonly link: string;

  constructor(link: string) {
    super(`${link} is a symbolic link.`);
    this.link = link;
  }
}

interface Modes {
  /** The modes of created files and folders, before the umask. */
  readonly file: number;
  readonly folder: number;
}

/** Returns the first symbolic link in the path; `undefined` if there is none. */
export async function linkIn({ folder, path }: Place): Promise<string | undefined> {
  let at = folder;
  for (const name of path.split("/")) {
    at = join(at, name);
    const found = await lstat(at).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.isSymbolicLink()) return at;
  }
  return undefined;
}

/**
 * Opens a file, and creates its parent folders. Writes and truncates nothing.
 *
 * Node has no `openat`, so a parent folder may become a link between the check and the opening.
 * Therefore, the function compares the opened file with the file at the checked path.
 *
 * @param flags such as `O_WRONLY | O_CREAT | O_EXCL`
 * @throws LinkInTheWay, and errors of the file system
 */
export async function openBeneath(place: Place, flags: number, modes: Modes): Promise<FileHandle> {
  await mkdir(place.folder, { recursive: true, mode: modes.folder });
  const folder = await realpath(place.folder);
  const full = join(folder, ...place.path.split("/"));
  await makeFolders({ ...place, folder }, modes.folder);
  const real = { ...place, folder };
  await refuseLink(real);
  // Windows lacks this flag.
  const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0;
  const file = await open(full, flags | noFollow, modes.file).catch((cause: unknown) => {
    throw codeOf(cause) === "ELOOP" ? new LinkInTheWay(full) : cause;
  });
  try {
    await refuseLink(real);
    const [opened, named] = [await file.stat(), await lstat(full).catch(() => undefined)];
    if (named?.ino !== opened.ino || named.dev !== opened.dev) throw new LinkInTheWay(full);
    await refuseLink(real);
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function refuseLink(place: Place): Promise<void> {
  const link = await linkIn(place);
  if (link !== undefined) throw new LinkInTheWay(link);
}

/** Creates folders. Does not fail if another process creates them at the same time. */
async function makeFolders({ folder, path }: Place, mode: number): Promise<void> {
  let at = folder;
  for (const name of path.split("/").slice(0, -1)) {
    at = join(at, name);
    await mkdir(at, mode).catch(async (cause: unknown) => {
      if (codeOf(cause) !== "EEXIST") throw cause;
      if ((await lstat(at)).isSymbolicLink()) throw new LinkInTheWay(at);
    });
  }
}

/** Creates a file. @throws EEXIST if it exists, and errors of `openBeneath` */
export async function createBeneath(place: Place, text: string, modes: Modes): Promise<void> {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const file = await openBeneath(place, O_WRONLY | O_CREAT | O_EXCL, modes);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Creates or replaces a file atomically. @throws errors of `openBeneath` */
export async function replaceBeneath(place: Place, text: string, modes: Modes): Promise<void> {
  await refuseLink(place);
  const path = `${place.path}.${crypto.randomUUID()}`;
  const beside = join(place.folder, path);
  try {
    await createBeneath({ ...place, path }, text, modes);
    // `rename` replaces a link that appeared meanwhile, without following it.
    await rename(beside, join(place.folder, place.path));
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw cause;
  }
}

/** Splits a path into its folder and its file name. */
export function placeOf(file: string): Place {
  return { folder: dirname(file), path: basename(file) };
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}
