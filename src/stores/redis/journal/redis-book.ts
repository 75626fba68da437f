// The arguments and replies of questions to the journal's book.
import { namesCovering } from "../../../purge/journal/book.ts";
import type { EntryPlace } from "../../../purge/journal/entry.ts";
import type { Journal } from "../../../purge/journal/journal.ts";

/** The maximum number of names of one record. Lua cannot pass on some 8,000 arguments. */
const namesMax = 4_000;

/** Encodes a question for `bookScript`. A record with too many names counts as not noted. */
export function bookArgs(end: EntryPlace, records: Parameters<Journal["unpurged"]>[1]): string[] {
  const asked = records.flatMap((record) => {
    const names = namesCovering(record);
    if (record.stamp === "none" || names.length > namesMax) return ["", "0"];
    return [record.stamp.n, String(names.length), ...names];
  });
  return [end.n, ...asked];
}

/** Encodes the question whether the book notes entries: a record without names is not purged. */
export function notedArgs(places: readonly EntryPlace[]): string[] {
  return ["", ...places.flatMap(({ n }) => [n, "0"])];
}

/** Returns the answers of `bookScript`, which are false if the reply has another form. */
export function answersIn(reply: unknown, count: number): readonly boolean[] {
  const answers = Array.isArray(reply) ? (reply as unknown[]) : [];
  return Array.from({ length: count }, (_, at) => answers[at] === 1);
}
