// Files that may hold a token: read if nobody else may read or write them, and changed by one process at a time.
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { usageError } from "../command-error.ts";
import { createBeneath, LinkInTheWay, type Place, replaceBeneath } from "../files/beneath.ts";
import type { World } from "../world.ts";

/** @returns `undefined` where there is none. @throws CommandError where others may read or have written it */
export async function ownText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      await refuseOfOthers(file, path);
      // Some editors begin a file with a byte order mark.
      return (await file.readFile("utf8")).replace(/^\ufeff/, "");
    } finally {
      await file.close();
    }
  } catch (cause) {
    // A home such as /dev/null is no folder.
    if (["ENOENT", "ENOTDIR"].includes(codeOf(cause) ?? "")) return undefined;
    const mend = "See that it is a file, and that you may read it.";
    throw ofSystem(cause, { what: `${path} was not read.`, mend });
  }
}

async function refuseOfOthers(file: FileHandle, path: string): Promise<void> {
  const what = `${path} was not read.`;
  const stats = await file.stat();
  const { mode, uid } = stats;
  // A shell's <(command) is a pipe.
  if (!stats.isFile() && !stats.isFIFO()) {
    throw usageError({ what, why: "It is no file.", mend: "Name a file of mode 600." });
  }
  if (process.platform === "win32") return;
  if ((mode & 0o077) !== 0) {
    throw usageError({
      what,
      why: `Others may read it: its mode is ${(mode & 0o777).toString(8)}, and it may hold a token.`,
      mend: `Run chmod 600 ${path}. If others could read it, take a new token.`,
    });
  }
  const own = process.getuid?.();
  if (uid === own || uid === 0) return;
  throw usageError({
    what,
    why: `It belongs to another user: its owner is ${uid}, and you are ${own}.`,
    mend: `If you trust what it holds, run chown ${own} ${path}.`,
  });
}

const lockTriesMax = 50;
const lockWaitMs = 100;

const modes = { file: 0o600, folder: 0o700 };

/**
 * Puts what `change` makes of its text in its place, all at once. Another process that changes it waits. A link on the
 * way is not followed: a token shall stay where its user keeps it.
 *
 * @throws CommandError where it cannot be written; and what `change` throws, in which case it stays as it was
 */
export async function changeOwnFile(
  place: Place,
  change: () => Promise<string>,
  { sleep }: Pick<World, "sleep">,
): Promise<void> {
  const lock = { ...place, path: `${place.path}.lock` };
  const path = join(place.folder, place.path);
  try {
    await locked(lock, sleep);
  } catch (cause) {
    throw ofSystem(cause, notWritten(path));
  }
  try {
    await replaceBeneath(place, await change(), modes);
  } catch (cause) {
    throw ofSystem(cause, notWritten(path));
  } finally {
    await rm(`${path}.lock`, { force: true });
  }
}

async function locked(lock: Place, sleep: World["sleep"]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await createBeneath(lock, "", modes);
    } catch (cause) {
      // A file in the place of a folder has the same code, of another call.
      const isLocked =
        codeOf(cause) === "EEXIST" && (cause as { syscall?: string }).syscall === "open";
      if (!isLocked) throw cause;
      if (tries === lockTriesMax) {
        throw usageError({
          what: "Nothing was stored.",
          why: `Another tidemark is changing the profiles, or one was killed while it did: ${join(lock.folder, lock.path)} is there.`,
          mend: "Run it again. If no other runs, delete that file first.",
        });
      }
      await sleep(lockWaitMs);
    }
  }
}

const notWritten = (path: string) => ({
  what: `${path} was not written.`,
  mend: "See that you may write there, and that the disk is not full.",
});

/** @returns a sentence for what the system refused; all else as it is */
function ofSystem(cause: unknown, said: { readonly what: string; readonly mend: string }) {
  if (cause instanceof LinkInTheWay) {
    const mend = "Put a file or a folder of your own in its place.";
    return usageError({ what: said.what, why: cause.message, mend }, cause);
  }
  const code = codeOf(cause);
  return code === undefined
    ? cause
    : usageError({ ...said, why: `The system says ${code}.` }, cause);
}

function codeOf(cause: unknown): string | undefined {
  const isOfSystem = cause instanceof Error && "syscall" in cause && "code" in cause;
  return isOfSystem ? String(cause.code) : undefined;
}
