// Profiles: sites by name, with their tokens, in one file that only its owner may read.
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
  /** The profile that is used by default. */
  readonly default?: string;
  readonly profiles: Readonly<Record<string, Profile>>;
}

/** Returns whether `profile set` accepts the name. A file written by hand may have other names. */
export function isProfileName(name: string): boolean {
  return /^[a-z0-9][\w.-]{0,63}$/i.test(name);
}

type ProfileWorld = Pick<World, "env" | "home">;

/** Returns the location by the XDG Base Directory Specification. */
function profilesPlace({ env, home }: ProfileWorld): Place {
  const folder = env["XDG_CONFIG_HOME"] || join(home, ".config");
  return { folder, path: "tidemark/profiles.json" };
}

export function profilesPath(where: ProfileWorld): string {
  const { folder, path } = profilesPlace(where);
  return join(folder, path);
}

/** @throws CommandError if others can read the file, or if it is invalid */
export async function readProfiles(where: ProfileWorld): Promise<Profiles> {
  const path = profilesPath(where);
  const text = await ownText(path);
  return text === undefined ? { profiles: {} } : profilesIn(text, path);
}

/**
 * @param change gets the current profiles, and returns the new ones
 * @throws CommandError if the file cannot be read or written. Also rethrows errors of `change`.
 */
export async function changeProfiles(
  where: ProfileWorld & Pick<World, "sleep">,
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
