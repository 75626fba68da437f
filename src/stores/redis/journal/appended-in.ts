// Parses the replies of the scripts that append entries.
import { type Entry, type EntryPlace, isSamePlace } from "../../../purge/journal/entry.ts";
import { type AppendWithRead, pageCount } from "../../../purge/journal/journal.ts";

/** Returns the places of appended entries; none for a reply of another form. */
export function placesIn(reply: unknown): readonly EntryPlace[] {
  const places = Array.isArray(reply) ? (reply as unknown[]) : [];
  return places.flatMap((place) => {
    const [position, n] = Array.isArray(place) ? (place as unknown[]) : [];
    return typeof position === "string" && typeof n === "string" ? [{ position, n }] : [];
  });
}

/**
 * Returns the new entry's place, and the entries after `place`.
 *
 * @param appended the place of the new entry
 * @param read the entries from `place` on
 * @returns `since` is `undefined` unless the page begins with the entry at `place`, ends with the
 *   new entry and is not full
 */
export function appendedIn(
  appended: EntryPlace,
  read: readonly Entry[],
  place: EntryPlace,
): Omit<AppendWithRead, "sentAtMs"> {
  const isWhole = isSamePlace(read[0], place) && isSamePlace(read.at(-1), appended);
  const since = isWhole && read.length < pageCount ? read.slice(1) : undefined;
  return { kind: "appended", place: appended, since };
}
