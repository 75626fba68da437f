// Profiles of readers, written through: to the database, then to the tiers, where all colos find them.
import { cache } from "./cache.ts";
import { firstRow, rows } from "./database.ts";

export interface Profile {
  readonly greeting: string;
  /** Ids of sections. */
  readonly follows: readonly string[];
}

// The reader's name is the key: nothing else keeps one reader's profile from another.
const profiles = cache.namespace<Profile, string>("profiles", { fresh: "1h", negative: "1m" });

export const profile = (reader: string) => profiles.getOrSet(reader, () => readProfile(reader));

async function readProfile(reader: string): Promise<Profile | null> {
  const select = "SELECT greeting, follows FROM readers WHERE name = ?";
  const found = await firstRow<{ greeting: string; follows: string }>(select, reader);
  return found && { greeting: found.greeting, follows: JSON.parse(found.follows) as string[] };
}

/** @returns the tiers that keep the profile; `null` where there is no such reader */
export async function saveGreeting(reader: string, greeting: string) {
  // The rest is taken from the database: the cache may have it as it was.
  const now = await readProfile(reader);
  if (now === null) return null;
  return profiles.write(reader, { ...now, greeting }, () =>
    rows("UPDATE readers SET greeting = ? WHERE name = ?", greeting, reader),
  );
}
