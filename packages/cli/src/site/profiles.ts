// Profiles: sites by name, with their tokens, in one file that its owner alone may read.
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { usageError } from "../command-error.ts";
import type { World } from "../world.ts";

export interface Profile {
  readonly site: string;
  readonly token?: string;
  readonly operatorPath?: string;
}

export interface Profiles {
  /** The one that counts where none is named. */
  readonly default?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

type Where = Pick<World, "env" | "home">;

/** As the XDG Base Directory Specification has it. */
export function profilesPath({ env, home }: Where): string {
  const config = env["XDG_CONFIG_HOME"] || join(home, ".config");
  return join(config, "tidemark", "profiles.json");
}

/** @throws CommandError for a file that others may read, or that is no such file */
export async function readProfiles(where: Where): Promise<Profiles> {
  const path = profilesPath(where);
  const text = await ownText(path);
  return text === undefined ? { profiles: {} } : profilesIn(text, path);
}

/**
 * A file that may hold a token.
 *
 * @returns `undefined` where there is none. @throws CommandError where others may read it
 */
export async function ownText(path: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw usageError({
        what: `${path} was not read.`,
        why: `Others may read it: its mode is ${(mode & 0o777).toString(8)}, and it may hold a token.`,
        mend: `Run chmod 600 ${path}. If others could read it, take a new token.`,
      });
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    const isOfSystem = cause instanceof Error && "syscall" in cause && "code" in cause;
    if (!isOfSystem) throw cause;
    if (cause.code === "ENOENT") return undefined;
    throw usageError({
      what: `${path} was not read.`,
      why: `The system says ${String(cause.code)}.`,
      mend: "See that it is a file, and that you may read it.",
    });
  }
}

/** The whole file at once, so that nothing of it is lost if the write is cut off. */
export async function writeProfiles(where: Where, profiles: Profiles): Promise<void> {
  const path = profilesPath(where);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${crypto.randomUUID()}`;
  try {
    const text = `${JSON.stringify(profiles, null, 2)}\n`;
    await writeFile(beside, text, { mode: 0o600, flag: "wx" });
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw cause;
  }
}

function profilesIn(text: string, path: string): Profiles {
  const refused = (why: string) =>
    usageError({
      what: `${path} cannot be used.`,
      why,
      mend: 'Write it with "tidemark profile set", or delete it.',
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
        `The profile ${JSON.stringify(name)} has no "site", or a field that is no text.`,
      );
  }
  if (!isTextOrAbsent(value["default"])) throw refused('Its "default" is no text.');
  return value as unknown as Profiles;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isTextOrAbsent = (value: unknown) => value === undefined || typeof value === "string";
