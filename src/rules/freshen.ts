// Updates the fields of a stored response with those of a 304 (RFC 9111 §3.2, §4.3.4).
import type { FieldLine } from "./fields.ts";
import { isWeak } from "./validators.ts";

/**
 * Fields that a 304 neither replaces nor adds (§3.2), because they describe or verify the stored
 * bytes. `Set-Cookie` departs from RFC 9111 §3.2: a cookie is only for the client that received
 * the 304.
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
 * Replaces each field that the 304 contains, except `keptAsStored`, and keeps all other fields. Also
 * keeps a weak ETag: a server that codes bodies weakens the ETag of a 200, and not that of a 304.
 * Drops the stored `Age`, because the 304 determines the age.
 *
 * @param stored the fields of the response whose validator was sent
 * @param update the storable fields of the 304
 */
export function freshenedFields(
  stored: readonly FieldLine[],
  update: readonly FieldLine[],
): FieldLine[] {
  const keepsTag = stored.some(([name, value]) => name === "etag" && isWeak(value));
  const newer = update.filter(
    ([name]) => !keptAsStored.has(name) && !(keepsTag && name === "etag"),
  );
  const replaced = new Set(["age", ...newer.map(([name]) => name)]);
  return [...stored.filter(([name]) => !replaced.has(name)), ...newer];
}
