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

export const profile = (reader: string) =>
  profiles.getOrSet(reader, async () => {
    const select = "SELECT greeting, follows FROM readers WHERE name = ?";
    const found = await firstRow<{ greeting: string; follows: string }>(select, reader);
    return found && { greeting: found.greeting, follows: JSON.parse(found.follows) as string[] };
  });

export const saveProfile = (reader: string, { greeting, follows }: Profile) =>
  profiles.write(reader, { greeting, follows }, () =>
    rows(
      "UPDATE readers SET greeting = ?, follows = ? WHERE name = ?",
      greeting,
      JSON.stringify(follows),
      reader,
    ),
  );
