// Updates the fields of a stored response from a 304 (RFC 9111 §3.2, §4.3.4).
import type { FieldLine } from "./fields.ts";

/**
 * A 304 does not replace these (§3.2): they describe the stored bytes, and RFC 9530 digests verify them.
 * Departs from RFC 9111 §3.2 for `Set-Cookie`: a cookie is only for the client that got the 304.
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
 * Replaces each field that the 304 names, and keeps the others. Drops the stored `Age`, because the 304 states its own.
 *
 * @param stored  the fields of the response whose validator was sent
 * @param update  the storable fields of the 304
 */
export function freshenedFields(
  stored: readonly FieldLine[],
  update: readonly FieldLine[],
): FieldLine[] {
  const newer = update.filter(([name]) => !keptAsStored.has(name));
  const replaced = new Set(["age", ...newer.map(([name]) => name)]);
  return [...stored.filter(([name]) => !replaced.has(name)), ...newer];
}
