// Reads pages of the journal backwards from its newest entries.
import { type Entry, heldBytes, isSameEntry } from "../../../purge/journal/entry.ts";
import { chainBytesMax, newestCount, pageCount } from "../../../purge/journal/journal.ts";

/**
 * Reads the newest entries, the switch and the release at one moment (rule 24 b). A replica may run the script. A
 * transaction is unsuitable, because a full Redis rejects even transactions that only read. KEYS: journal, switch,
 * release. ARGV: count.
 */
export const newestScript = `return {
  redis.call("XREVRANGE", KEYS[1], "+", "-", "COUNT", ARGV[1]),
  redis.call("GET", KEYS[2]),
  redis.call("GET", KEYS[3])
}`;

/** Entries, newest first, as in a reply of XREVRANGE. `undefined` if Redis did not reply. */
export type Page = readonly Entry[] | undefined;

/**
 * Adds older pages until the entries suffice for a new view, or a page is unavailable. Each page
 * must begin with the oldest entry of the previous page, so a lagging replica cannot cause a gap.
 *
 * @param first the newest page, newest entry first
 * @param pageFrom reads the page that ends at a position, newest entry first
 * @param wanted a position at which reading may stop early
 * @returns the entries, oldest first
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
    if (joint === undefined || !isSameEntry(read[0], joint)) break;
    entries.push(...read.slice(1));
    readBytes += bytesOf(read);
  }
  return entries.toReversed();
}

/** Returns an upper estimate of the bytes that entries take in a view. */
export function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + heldBytes(entry), 0);
}
