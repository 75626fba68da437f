// Encodes queries to the journal's book, and decodes the replies.
import { namesCovering } from "../../../purge/journal/book.ts";
import type { EntryPlace } from "../../../purge/journal/entry.ts";
import type { Journal } from "../../../purge/journal/journal.ts";

/** The maximum number of names of one record. Lua's `unpack` fails at some 8,000 values. */
const namesMax = 4_000;

/** Encodes a query for `bookScript`. A record with too many names gets a false answer. */
export function bookArgs(end: EntryPlace, records: Parameters<Journal["unpurged"]>[1]): string[] {
  const asked = records.flatMap((record) => {
    const names = namesCovering(record);
    if (record.stamp === "none" || names.length > namesMax) return ["", "0"];
    return [record.stamp.n, String(names.length), ...names];
  });
  return [end.n, ...asked];
}

/**
 * Encodes a query for whether the book notes each entry, as a record without names. The answer is
 * true for a noted entry.
 */
export function notedArgs(places: readonly EntryPlace[]): string[] {
  return ["", ...places.flatMap(({ n }) => [n, "0"])];
}

/** Returns the answers of `bookScript`. They are false if the reply has another form. */
export function answersIn(reply: unknown, count: number): readonly boolean[] {
  const answers = Array.isArray(reply) ? (reply as unknown[]) : [];
  return Array.from({ length: count }, (_, at) => answers[at] === 1);
}
