// Parses the replies of a transaction that appends a purge and reads a page of entries.
import {
  entriesOf,
  type EntryPlace,
  isSamePlace,
  type NewEntry,
} from "../../../purge/journal/entry.ts";
import { type AppendWithRead, pageCount } from "../../../purge/journal/journal.ts";

/**
 * Returns the new entry's position, and the entries since `place`.
 *
 * @param replies of XADD, and of XRANGE from `place` on
 * @returns `since` only if the page begins with the entry at `place`, ends with the new entry and
 *   is not full
 */
export function appendedIn(
  [position, page]: readonly unknown[],
  place: EntryPlace,
  { n }: NewEntry,
): Omit<AppendWithRead, "sentAtMs"> {
  const read = entriesOf(page);
  const appended = { position: String(position), n };
  const isWhole = isSamePlace(read[0], place) && isSamePlace(read.at(-1), appended);
  const since = isWhole && read.length < pageCount ? read.slice(1) : undefined;
  return { kind: "appended", position: appended.position, since };
}
