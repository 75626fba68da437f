// How many entries the journal has, and since when, as Redis tells it.
import { comparePositions, entriesOf, type EntryPlace } from "./entry.ts";

/** How much stands, and since when. */
export interface JournalExtent {
  readonly count: number;
  /** The position of the oldest entry; `null` where none stands. */
  readonly oldest: string | null;
}

/** @param replies of XLEN, and of XRANGE for the oldest entry */
export function extentOf([count, oldest]: readonly unknown[]): JournalExtent {
  return { count: Number(count), oldest: entriesOf(oldest)[0]?.position ?? null };
}

/** Was an entry trimmed? Trimming takes the oldest, and leaves the newest `keptCount` at least. */
export function trimmedFrom({ count, oldest }: JournalExtent, keptCount: number) {
  return ({ position }: EntryPlace): boolean =>
    count >= keptCount && comparePositions(position, oldest ?? "0-0") < 0;
}
