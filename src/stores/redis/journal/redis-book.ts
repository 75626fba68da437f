// Encodes queries to the journal's book, and decodes the replies.
import { bookQuery } from "../../../purge/journal/book.ts";
import type { EntryPlace } from "../../../purge/journal/entry.ts";
import type { Journal } from "../../../purge/journal/journal.ts";

/** Encodes a query for `bookScript`. */
export function bookArgs(end: EntryPlace, records: Parameters<Journal["unpurged"]>[1]): string[] {
  const asked = records.flatMap((record) => {
    const { n, names } = bookQuery(record);
    return [n, String(names.length), ...names];
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
