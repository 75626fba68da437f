// Epochs of a journal: the lineages and names of consecutive entries, which a view fetches for stamps that are
// older than its chain (docs/internals/purge-protocol-epochs.md, rule 27 d).
import { fnv1a } from "../../base/spread-bits.ts";

/** The number of entries in an epoch. With 64, the lineages exceed 512 bytes, and take 640 in Redis. */
export const epochSize = 63;

/** The newest epochs that a view reads first: 59 KB if each entry has one name. */
export const firstEpochs = 64;

/** The maximum characters of all names that a journal keeps. */
export const namesCharsMax = 30_000_000;

/** The characters of a name in an epoch, which are its first. They have 30 bits. */
export const epochNameChars = 5;

/** The number and the lineage in an `n`. */
export interface NumberedPlace {
  readonly number: number;
  readonly line: number;
}

/**
 * Returns the number and the lineage in an `n`; `undefined` if it has none. An object's entry has no lineage. A digest
 * of its `n` replaces it, because an object's `n` identifies all entries before it.
 */
export function numberedIn(n: string): NumberedPlace | undefined {
  const last = pointBefore(n, n.length);
  if (last < 0) return undefined;
  const first = pointBefore(n, last);
  const number = Number(n.slice(last + 1));
  if (first < 0) return { number, line: fnv1a(n) >>> 1 || 1 };
  return { number: Number(n.slice(first + 1, last)), line: number };
}

/** Returns the number in the `n` of an entry; 0 if it has none. */
export function numberOf({ n }: { readonly n: string }): number {
  return numberedIn(n)?.number ?? 0;
}

/** Returns the place of the point before the digits that end a part of a text; -1 if there is none. */
function pointBefore(text: string, end: number): number {
  let at = end - 1;
  while (text.charCodeAt(at) >= zero && text.charCodeAt(at) <= zero + 9) at -= 1;
  return at < end - 1 && text[at] === "." ? at : -1;
}

const zero = 0x30;

/** Returns the names of an entry as its list in an epoch. */
export function shortNames(names: readonly string[]): string {
  return names.map((name) => name.slice(0, epochNameChars)).join("");
}

/** Returns the epoch of an entry's number. The first epoch is 0. */
export function epochOf(number: number): number {
  return Math.floor((number - 1) / epochSize);
}

/** Epochs, both ends included. */
export interface EpochRange {
  readonly first: number;
  readonly last: number;
}

/**
 * An epoch as stored.
 *
 * `lineages`: 8 hexadecimal digits for each entry. `names`: the lineage of the last entry that the text has, and the
 * names of each entry, each list followed by a comma. The list `?` says that the names are unknown.
 */
export interface Epoch {
  readonly lineages: string;
  readonly names: string;
}

export const lineageChars = 8;

/** Returns the text of an entry's lineage in those of its epoch; empty if the epoch lacks the entry. */
export function lineageIn(lineages: string, number: number): string {
  const at = ((number - 1) % epochSize) * lineageChars;
  return lineages.slice(at, at + lineageChars);
}

/** Returns the text of a lineage in an epoch. */
export function lineageText(line: number): string {
  return line.toString(16).padStart(lineageChars, "0");
}

/** Returns an epoch of these entries. */
export function epochIn(entries: readonly { readonly n: string; readonly names: string }[]): Epoch {
  const lineages = entries.map(({ n }) => lineageText(numberedIn(n)?.line ?? 0));
  const lists = entries.map(({ names }) => `${names},`);
  return { lineages: lineages.join(""), names: `${lineages.at(-1)}${lists.join("")}` };
}

/** Where the first list of names begins in the names of an epoch. */
export const listsFrom = lineageChars;

/** Returns the end of the list of names that begins at a place; -1 if there is none. A comma follows each list. */
export const listEnd = (names: string, from: number) => names.indexOf(",", from);

/**
 * Returns the number of entries of an epoch, and the place of the last one with unknown names, from 1 on; 0 if there is
 * none. A partial epoch, whose texts do not end with the same entry, has no entries.
 */
export function extentOf({ lineages, names }: Epoch): {
  readonly count: number;
  readonly unknownAt: number;
} {
  let [count, unknownAt, from] = [0, 0, listsFrom];
  for (let end = listEnd(names, from); end >= 0; end = listEnd(names, from)) {
    count += 1;
    if ((end - from) % epochNameChars > 0) unknownAt = count;
    from = end + 1;
  }
  const isWhole =
    count * lineageChars === lineages.length &&
    names.slice(0, lineageChars) === lineages.slice(-lineageChars);
  return isWhole ? { count, unknownAt } : absent;
}

const absent = { count: 0, unknownAt: 0 };

/**
 * Returns the digest of a name in 30 bits.
 *
 * @param names a name of a target, or a list of names in an epoch
 * @param at the place of the name in the list
 */
export function epochDigest(names: string, at = 0): number {
  return fnv1a(names, at, at + epochNameChars) >>> 2;
}
