// Updates a stored response's fields from the 304 that validated it (RFC 9111 §3.2, §4.3.4).
import type { FieldLine } from "./fields.ts";

/**
 * §3.2: the length, and what the stored bytes cannot be read without, are measured by (RFC 9530)
 * or are no part of.
 * Departs from RFC 9111 §3.2 for `Set-Cookie`: a cookie is for the client that was answered.
 */
const keptAsStored: ReadonlySet<string> = new Set([
  "content-digest",
  "content-encoding",
  "content-length",
  "content-md5",
  "content-range",
  "digest",
  "repr-digest",
  "set-cookie",
]);

/**
 * @param stored  the fields of the response whose validator was sent
 * @param update  the storable fields of the 304
 * @returns every field that the 304 names replaced by its lines, all others kept.
 *   `Age` is not carried over: the 304 says how old it is itself.
 */
export function freshenedFields(
  stored: readonly FieldLine[],
  update: readonly FieldLine[],
): FieldLine[] {
  const newer = update.filter(([name]) => !keptAsStored.has(name));
  const replaced = new Set(["age", ...newer.map(([name]) => name)]);
  return [...stored.filter(([name]) => !replaced.has(name)), ...newer];
}
