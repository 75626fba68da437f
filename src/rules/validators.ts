// Validators and preconditions (RFC 9110 §8.8, §13; RFC 9111 §4.3.1, §4.3.2).
import { datedAtMs, parseHttpDate } from "./http-date.ts";
import type { Fields } from "./fields.ts";

const entityTagPattern = /(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"/g;
const entityTagAlone = new RegExp(`^${entityTagPattern.source}$`);

/** @returns the ETag if it is well formed, else `null` */
export function entityTag(fields: Fields): string | null {
  const text = fields.get("etag")?.trim() ?? "";
  return entityTagAlone.test(text) ? text : null;
}

export const isWeak = (tag: string): boolean => tag.startsWith("W/");
const opaque = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);

/** Can this response be validated at all? */
export function hasValidator(fields: Fields): boolean {
  return entityTag(fields) !== null || fields.has("last-modified");
}

/**
 * Is `Last-Modified` a strong validator? Only where the answer that brought the body is dated at
 * least a second later: the content may else have changed twice within that second (RFC 9110
 * §8.8.2.2).
 *
 * @param bodyDate the `Date` of that answer, where it is not the stored one
 */
export function hasStrongDate(stored: Fields, bodyDate = stored.get("date")): boolean {
  const dateAtMs = parseHttpDate(bodyDate, 0);
  if (typeof dateAtMs !== "number") return false;
  const modifiedAtMs = parseHttpDate(stored.get("last-modified"), dateAtMs);
  return typeof modifiedAtMs === "number" && dateAtMs - modifiedAtMs >= 1000;
}

/**
 * The fields of a conditional request for a stored response (RFC 9111 §4.3.1).
 *
 * @param isDateFit false leaves `Last-Modified` out
 */
export function conditionalFields(stored: Fields, isDateFit = true): [string, string][] {
  const fields: [name: string, value: string][] = [];
  const tag = entityTag(stored);
  if (tag !== null) fields.push(["if-none-match", tag]);
  const modified = isDateFit ? stored.get("last-modified") : null;
  if (modified !== null) fields.push(["if-modified-since", modified]);
  return fields;
}

/**
 * May a 304 freshen the response whose validator was sent? A strong validator in it must be the
 * stored one; a weak one must correspond to it (RFC 9111 §4.3.4).
 *
 * Departs from RFC 9111 §4.3.4: a 304 without any validator freshens, though what is stored has
 * one. Only that one was sent, so only that one can have been meant.
 */
export function freshensWhatWasSent(notModified: Fields, stored: Fields): boolean {
  const tag = entityTag(notModified);
  const storedTag = entityTag(stored);
  if (tag === null) {
    const modified = notModified.get("last-modified");
    return modified === null || modified === stored.get("last-modified");
  }
  if (!isWeak(tag)) return tag === storedTag;
  return storedTag !== null && opaque(tag) === opaque(storedTag);
}

/**
 * What a 200 to HEAD says of a stored response to GET (RFC 9111 §4.3.5): `same` if it is about the
 * body that is stored, `other` if it is not.
 *
 * Departs from RFC 9111 §4.3.5, which lets an answer without validators freshen: nothing shows then
 * that the stored body is still the current one, so it is `unknown`.
 *
 * @param body.bodyBytes length of the stored body; `null` where it is not known
 * @param body.bodyDate  `Date` of the answer that brought it
 */
export function toldByHead(
  head: Fields,
  stored: Fields,
  { bodyBytes, bodyDate }: { bodyBytes: number | null; bodyDate: string | null },
): "same" | "other" | "unknown" {
  const length = head.get("content-length")?.trim() ?? null;
  const lengthDiffers = length !== null && bodyBytes !== null && length !== String(bodyBytes);
  const differs = (name: string) => head.has(name) && head.get(name) !== stored.get(name);
  if (lengthDiffers || differs("etag") || differs("last-modified")) return "other";
  const hasTag = entityTag(head) !== null;
  return hasTag || (head.has("last-modified") && hasStrongDate(stored, bodyDate))
    ? "same"
    : "unknown";
}

/**
 * Does the client's own precondition hold against a stored 2xx response, so that 304 answers?
 * `If-None-Match` hides `If-Modified-Since` (RFC 9110 §13.2.2). Comparison is weak (§13.1.2).
 *
 * @param given.receivedAtMs stands in for absent `Last-Modified` and `Date` of what is stored
 *   (RFC 9111 §4.3.2); `undefined` for an answer that is not, where without a modification date
 *   there is nothing to compare (RFC 9110 §13.1.3)
 */
export function isNotModified(given: {
  request: Fields;
  stored: Fields;
  status: number;
  receivedAtMs: number | undefined;
}): boolean {
  const { request, stored, receivedAtMs } = given;
  if (given.status < 200 || given.status > 299) return false;
  const noneMatch = request.get("if-none-match");
  if (noneMatch !== null) {
    if (noneMatch.trim() === "*") return true;
    const tag = entityTag(stored);
    if (tag === noneMatch) return true;
    const listed = noneMatch.match(entityTagPattern) ?? [];
    return tag !== null && listed.some((candidate) => opaque(candidate) === opaque(tag));
  }
  // Two-digit years alone are read around it.
  const aroundAtMs = receivedAtMs ?? 0;
  const sinceAtMs = parseHttpDate(request.get("if-modified-since"), aroundAtMs);
  if (typeof sinceAtMs !== "number") return false;
  const modifiedAtMs = parseHttpDate(stored.get("last-modified"), aroundAtMs);
  if (modifiedAtMs === "unreadable") return false;
  if (modifiedAtMs !== "absent") return modifiedAtMs <= sinceAtMs;
  return receivedAtMs !== undefined && datedAtMs(stored, receivedAtMs) <= sinceAtMs;
}

/** The client's preconditions; a 304 of our own is made from the stored response instead. */
export const conditionalFieldNames = [
  "if-none-match",
  "if-modified-since",
  "if-match",
  "if-unmodified-since",
  "if-range",
] as const;
