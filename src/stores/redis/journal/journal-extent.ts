// The size of the journal's stream, and what it tells of missing entries.
import { comparePositions, entriesOf, type EntryId } from "../../../purge/journal/entry.ts";
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
 * entries, and leaves at least `kept`. The lineages must also note the entry (rule 22).
 */
export function trimmedFrom({ count, oldest }: JournalExtent, kept: number) {
  return ({ position }: EntryId): boolean =>
    count >= kept && comparePositions(position, oldest ?? "0-0") < 0;
}
