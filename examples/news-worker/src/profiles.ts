// Profiles of readers. A change is written through: to the database, and then to the tiers, where
// all colos find it.
import { cache } from "./cache.ts";
import { firstRow, rows } from "./database.ts";

export interface Profile {
  readonly greeting: string;
  /** The ids of the sections that the reader follows. */
  readonly follows: readonly string[];
}

// The reader's name is the key. Only the key keeps the profiles of readers apart.
const profiles = cache.namespace<Profile, string>("profiles", { fresh: "1h", negative: "1m" });

export const profile = (reader: string) => profiles.getOrSet(reader, () => readProfile(reader));

async function readProfile(reader: string): Promise<Profile | null> {
  const select = "SELECT greeting, follows FROM readers WHERE name = ?";
  const found = await firstRow<{ greeting: string; follows: string }>(select, reader);
  return found && { greeting: found.greeting, follows: JSON.parse(found.follows) as string[] };
}

/** @returns the tiers that store the profile; `null` if there is no such reader */
export async function saveGreeting(reader: string, greeting: string) {
  // Read the other members from the database, because the cache may have an older profile.
  const now = await readProfile(reader);
  if (now === null) return null;
  return profiles.write(reader, { ...now, greeting }, () =>
    rows("UPDATE readers SET greeting = ? WHERE name = ?", greeting, reader),
  );
}
