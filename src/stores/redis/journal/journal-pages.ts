// Pages of the journal, read back from its newest entries until there are enough of them.
import { type Entry, heldBytes, isSamePlace } from "../../../purge/journal/entry.ts";
import { chainBytesMax, newestCount, pageCount } from "../../../purge/journal/journal.ts";

/**
 * Rule 24: both of one moment, though it may be a replica's. A script, since a full Redis refuses what
 * stands in a transaction, reads too. KEYS: journal, switch. ARGV: how many entries.
 */
export const newestScript = `return {
  redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", ARGV[1]),
  redis.call("GET", KEYS[2])
}`;

/** Newest first, as XREVRANGE gives it. */
export type Page = readonly Entry[] | undefined;

/**
 * Pages back from the newest entries until a cold view has enough. Each page begins with the last
 * entry of the one before. A replica that lags further than the one asked before it does not have
 * that entry, nor what lies between: no gap is taken.
 *
 * @param first  newest first
 * @param wanted a position that is far enough, too
 * @returns oldest first
 */
export async function lengthened(
  first: readonly Entry[],
  pageFrom: (from: string) => Promise<Page>,
  wanted?: string,
): Promise<readonly Entry[]> {
  const entries = [...first];
  let read = first;
  let readBytes = bytesOf(first);
  const isEnough = () =>
    read.length < pageCount ||
    entries.length >= newestCount ||
    readBytes >= chainBytesMax ||
    read.some(({ position }) => position === wanted);
  while (!isEnough()) {
    const joint = entries.at(-1);
    read = (joint && (await pageFrom(joint.position))) ?? [];
    if (joint === undefined || !isSamePlace(read[0], joint)) break;
    entries.push(...read.slice(1));
    readBytes += bytesOf(read);
  }
  return entries.toReversed();
}

/** An upper estimate of the bytes that entries take in a view; 0 for none. */
export function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + heldBytes(entry), 0);
}
