// Profiles: sites by name, with their tokens, in one file that its owner alone may read.
import { join } from "node:path";
import { usageError } from "../command-error.ts";
import type { World } from "../world.ts";
import type { Place } from "../files/beneath.ts";
import { changeOwnFile, ownText } from "./own-file.ts";

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

/** Is it a name that `profile set` takes? A file written by hand may have others. */
export function isProfileName(name: string): boolean {
  return /^[a-z0-9][\w.-]{0,63}$/i.test(name);
}

type Where = Pick<World, "env" | "home">;

/** As the XDG Base Directory Specification has it. */
function profilesPlace({ env, home }: Where): Place {
  const folder = env["XDG_CONFIG_HOME"] || join(home, ".config");
  return { folder, path: "tidemark/profiles.json" };
}

export function profilesPath(where: Where): string {
  const { folder, path } = profilesPlace(where);
  return join(folder, path);
}

/** @throws CommandError for a file that others may read, or that is no such file */
export async function readProfiles(where: Where): Promise<Profiles> {
  const path = profilesPath(where);
  const text = await ownText(path);
  return text === undefined ? { profiles: {} } : profilesIn(text, path);
}

/**
 * @param change makes the new ones of those that are there by then
 * @throws CommandError where they cannot be read or written; and what `change` throws
 */
export async function changeProfiles(
  where: Where & Pick<World, "sleep">,
  change: (before: Profiles) => Profiles,
): Promise<void> {
  const changed = async () => `${JSON.stringify(change(await readProfiles(where)), null, 2)}\n`;
  await changeOwnFile(profilesPlace(where), changed, where);
}

function profilesIn(text: string, path: string): Profiles {
  const refused = (why: string) =>
    usageError({
      what: `${path} cannot be used.`,
      why,
      mend: 'Mend it, or delete it and write it anew with "tidemark profile set".',
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
