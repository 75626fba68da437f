// Files that may contain a token: only their owner may access them, and one process at a time changes them.
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { usageError } from "../command-error.ts";
import { createBeneath, LinkInTheWay, type Place, replaceBeneath } from "../files/beneath.ts";
import type { World } from "../world.ts";

/**
 * Returns the text of a file; `undefined` if the file is absent.
 *
 * @throws CommandError if other users can read the file or may have written it
 */
export async function ownText(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, "r");
    try {
      await refuseOfOthers(file, path);
      // Some editors write a byte order mark.
      return (await file.readFile("utf8")).replace(/^\ufeff/, "");
    } finally {
      await file.close();
    }
  } catch (cause) {
    // ENOTDIR: a home such as /dev/null is not a folder.
    if (["ENOENT", "ENOTDIR"].includes(codeOf(cause) ?? "")) return undefined;
    const hint = "Check that it is a file, and that you can read it.";
    throw ofSystem(cause, { what: `${path} was not read.`, hint });
  }
}

async function refuseOfOthers(file: FileHandle, path: string): Promise<void> {
  const what = `${path} was not read.`;
  const stats = await file.stat();
  const { mode, uid } = stats;
  // A shell's <(command) is a pipe.
  if (!stats.isFile() && !stats.isFIFO()) {
    throw usageError({ what, why: "It is not a file.", hint: "Name a file of mode 600." });
  }
  if (process.platform === "win32") return;
  if ((mode & 0o077) !== 0) {
    throw usageError({
      what,
      why: `Others can read it: its mode is ${(mode & 0o777).toString(8)}, and it may contain a token.`,
      hint: `Run chmod 600 ${path}. If others could read it, create a new token.`,
    });
  }
  const own = process.getuid?.();
  if (uid === own || uid === 0) return;
  throw usageError({
    what,
    why: `It belongs to another user: its owner is ${uid}, and you are ${own}.`,
    hint: `If you trust its content, run chown ${own} ${path}.`,
  });
}

const lockTriesMax = 50;
const lockWaitMs = 100;

const modes = { file: 0o600, folder: 0o700 };

/**
 * Replaces a file atomically with the result of `change`. Other processes wait for a lock. Follows
 * no symbolic links, so that tokens stay where the user stores them.
 *
 * @throws CommandError if the file cannot be written. Also rethrows errors of `change`. In both
 *   cases, the file stays unchanged.
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
      // `mkdir` fails with the same code if a file has the name of a folder.
      const isLocked =
        codeOf(cause) === "EEXIST" && (cause as { syscall?: string }).syscall === "open";
      if (!isLocked) throw cause;
      if (tries === lockTriesMax) {
        throw usageError({
          what: "Nothing was stored.",
          why: `Another tidemark is changing the profiles, or was killed during a change: ${join(lock.folder, lock.path)} exists.`,
          hint: "Run the command again. If no other tidemark runs, delete that file first.",
        });
      }
      await sleep(lockWaitMs);
    }
  }
}

const notWritten = (path: string) => ({
  what: `${path} was not written.`,
  hint: "Check that you can write to its folder, and that the disk is not full.",
});

/** Converts errors of the file system, and returns all others unchanged. */
function ofSystem(cause: unknown, error: { readonly what: string; readonly hint: string }) {
  if (cause instanceof LinkInTheWay) {
    const hint = "Replace it with a file or a folder of your own.";
    return usageError({ what: error.what, why: cause.message, hint }, cause);
  }
  const code = codeOf(cause);
  return code === undefined
    ? cause
    : usageError({ ...error, why: `The system reported ${code}.` }, cause);
}

function codeOf(cause: unknown): string | undefined {
  const isOfSystem = cause instanceof Error && "syscall" in cause && "code" in cause;
  return isOfSystem ? String(cause.code) : undefined;
}
