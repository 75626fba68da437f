// The number of entries in the journal, and its oldest entry.
import { comparePositions, entriesOf, type EntryPlace } from "../../../purge/journal/entry.ts";
import type { JournalExtent } from "../../../purge/journal/journal.ts";

/**
 * Parses the extent.
 *
 * @param replies of XLEN, and of XRANGE for the oldest entry
 */
export function extentOf([count, oldest]: readonly unknown[]): JournalExtent {
  return { count: Number(count), oldest: entriesOf(oldest)[0]?.position ?? null };
}

/**
 * Returns a test for whether a missing entry may have been trimmed. Trimming removes the oldest
 * entries, and leaves at least `keptCount`. The book must also note the entry (rule 22).
 */
export function trimmedFrom({ count, oldest }: JournalExtent, keptCount: number) {
  return ({ position }: EntryPlace): boolean =>
    count >= keptCount && comparePositions(position, oldest ?? "0-0") < 0;
}
