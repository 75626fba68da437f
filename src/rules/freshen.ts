// Updates the fields of a stored response with those of a 304 (RFC 9111 §3.2, §4.3.4).
import type { FieldLine, Fields } from "./fields.ts";
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

/** Fields that describe the body (RFC 9110 §8.3 to §8.5). */
const describing = ["content-type", "content-encoding", "content-language"];
/** Fields whose nonces the scripts of the body repeat (https://www.w3.org/TR/CSP3/#nonces). */
const withNonces = ["content-security-policy", "content-security-policy-report-only"];

/**
 * Returns the names of the fields by which a 304 changes the meaning of the stored body. White space,
 * and the case of descriptions, do not count. Nor does a coding if the stored body has none, because
 * a runtime may have decoded it.
 *
 * @param update the fields of a 304, or of a 200 to HEAD
 */
export function meaningChangedBy(update: Fields, stored: Fields): string[] {
  const described = (fields: Fields, name: string) =>
    fields.get(name)?.toLowerCase().replaceAll(/\s/g, "");
  const nonces = (fields: Fields, name: string) =>
    (fields.get(name)?.match(/'nonce-[^']*'/g) ?? []).sort().join();
  return [
    ...describing.filter((name) => described(update, name) !== described(stored, name)),
    ...withNonces.filter((name) => nonces(update, name) !== nonces(stored, name)),
  ].filter((name) => update.has(name) && (name !== "content-encoding" || stored.has(name)));
}
