// Profiles: sites by name, with their tokens, in one file that only its owner may read.
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { usageError } from "../command-error.ts";
import { linkIn, type Place, replaceBeneath } from "../files/beneath.ts";
import type { World } from "../world.ts";

export interface Profile {
  readonly site: string;
  readonly token?: string;
  readonly operatorPath?: string;
}

export interface Profiles {
  /** The profile that is used by default. */
  readonly default?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** Returns whether `profile set` accepts the name. A file written by hand may have other names. */
export function isProfileName(name: string): boolean {
  return /^[a-z0-9][\w.-]{0,63}$/i.test(name);
}

/** Returns the location by the XDG Base Directory Specification. */
function profilesPlace({ env, home }: World): Place {
  const folder = env["XDG_CONFIG_HOME"] || join(home, ".config");
  return { folder, path: "tidemark/profiles.json" };
}

export function profilesPath(where: World): string {
  const { folder, path } = profilesPlace(where);
  return join(folder, path);
}

/** @throws CommandError if others can read the file, or if it is invalid */
export async function readProfiles(where: World): Promise<Profiles> {
  const path = profilesPath(where);
  const text = await ownText(path);
  return text === undefined ? { profiles: {} } : profilesIn(text, path);
}

/**
 * @param change gets the current profiles, and returns the new ones
 * @throws CommandError if the file cannot be read or written. Also rethrows errors of `change`.
 */
export async function changeProfiles(
  world: World,
  change: (before: Profiles) => Profiles,
): Promise<void> {
  const changed = change(await readProfiles(world));
  await replaceOwnFile(profilesPlace(world), `${JSON.stringify(changed, null, 2)}\n`);
}

function profilesIn(text: string, path: string): Profiles {
  const refused = (why: string) =>
    usageError({
      what: `${path} cannot be used.`,
      why,
      hint: 'Fix it, or delete it and create it again with "tidemark profile set".',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused("It is not JSON.");
  }
  if (!isObject(value) || !isObject(value["profiles"])) throw refused('It has no "profiles".');
  for (const [name, profile] of Object.entries(value["profiles"])) {
    const isProfile =
      isObject(profile) &&
      typeof profile["site"] === "string" &&
      isTextOrAbsent(profile["token"]) &&
      isTextOrAbsent(profile["operatorPath"]);
    if (!isProfile)
      throw refused(
        `The profile ${JSON.stringify(name)} has no "site", or has a field that is not a string.`,
      );
  }
  if (!isTextOrAbsent(value["default"])) throw refused('Its "default" is not a string.');
  return value as unknown as Profiles;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === "string";

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

const modes = { file: 0o600, folder: 0o700 };

/**
 * Replaces a file atomically. Follows no symbolic link, so that tokens stay where the user stores
 * them.
 *
 * @throws CommandError if the file cannot be written; the file then stays unchanged
 */
async function replaceOwnFile(place: Place, text: string): Promise<void> {
  const what = `${join(place.folder, place.path)} was not written.`;
  const link = await linkIn(place);
  if (link !== undefined) {
    const hint = "Replace it with a file or a folder of your own.";
    throw usageError({ what, why: `${link} is a symbolic link.`, hint });
  }
  await replaceBeneath(place, text, modes).catch((cause: unknown) => {
    const hint = "Check that you can write to its folder, and that the disk is not full.";
    throw ofSystem(cause, { what, hint });
  });
}

/** Converts errors of the file system, and returns all others unchanged. */
function ofSystem(cause: unknown, error: { readonly what: string; readonly hint: string }) {
  const code = codeOf(cause);
  return code === undefined
    ? cause
    : usageError({ ...error, why: `The system reported ${code}.` }, cause);
}

function codeOf(cause: unknown): string | undefined {
  const isOfSystem = cause instanceof Error && "syscall" in cause && "code" in cause;
  return isOfSystem ? String(cause.code) : undefined;
}
