// Writes files below a folder of the user. The callers refuse a path with a symbolic link, so that no
// file lands in another folder.
import { lstat, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A folder, and a path below the folder. The folder itself may be a symbolic link. */
export interface Place {
  readonly folder: string;
  /** Relative to the folder, with slashes. */
  readonly path: string;
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

/** Creates a file, and its parent folders. @throws errors of the file system, such as EEXIST */
export async function createBeneath(place: Place, text: string, modes: Modes): Promise<void> {
  const path = join(place.folder, place.path);
  await mkdir(dirname(path), { recursive: true, mode: modes.folder });
  await writeFile(path, text, { flag: "wx", mode: modes.file });
}

/** Creates or replaces a file atomically. @throws errors of the file system */
export async function replaceBeneath(place: Place, text: string, modes: Modes): Promise<void> {
  const beside = { ...place, path: `${place.path}.${crypto.randomUUID()}` };
  try {
    await createBeneath(beside, text, modes);
    await rename(join(beside.folder, beside.path), join(place.folder, place.path));
  } catch (cause) {
    await rm(join(beside.folder, beside.path), { force: true }).catch(() => undefined);
    throw cause;
  }
}
