// How much of the journal stands, as Redis tells it.
import { entriesOf } from "./entry.ts";

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
