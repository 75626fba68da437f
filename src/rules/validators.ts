// Compares validators, evaluates preconditions (RFC 9110 §8.8, §13; RFC 9111 §4.3.1, §4.3.2), and
// freshens a stored response with a 304 or an answer to HEAD (RFC 9111 §4.3.4, §4.3.5).
import { datedAtMs, parseHttpDate } from "./http-date.ts";
import type { Fields, FieldLine } from "./fields.ts";
import { noncesIn, policyFieldNames } from "./nonces.ts";

const entityTagPattern = /^[ \t]*((?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*")[ \t]*$/;
/** A quoted string of a member may contain commas. */
const listMember = /(?:"[^"]*"|[^",])+/g;

/** Returns the entity tag in a text; `null` if the text is something else. */
const tagIn = (text: string | null): string | null =>
  entityTagPattern.exec(text ?? "")?.[1] ?? null;

export const isEntityTag = (text: string): boolean => tagIn(text) !== null;

/** Returns the ETag; `null` if it is absent or malformed. */
export function entityTag(fields: Fields): string | null {
  return tagIn(fields.get("etag"));
}

export const isWeak = (tag: string): boolean => tag.startsWith("W/");
const opaque = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);

/**
 * The name of the content's entity tag among the selecting fields of a response, on a URL whose validators lie. Its
 * value is always `null`, so it selects by nothing: the marker with this name keeps the fact beyond the response.
 */
export const contentTagName = "etag!content";

/** Returns whether a response can be validated. */
export function hasValidator(fields: Fields): boolean {
  return entityTag(fields) !== null || fields.has("last-modified");
}

/**
 * Returns whether `Last-Modified` is a strong validator. It must be at least a second older than
 * the `Date` of the response with the body. Otherwise the content may have changed twice within
 * that second (RFC 9110 §8.8.2.2).
 *
 * @param bodyDate the `Date` of the response with the body, if it differs from the stored `Date`
 */
export function hasStrongDate(stored: Fields, bodyDate = stored.get("date")): boolean {
  const dateAtMs = parseHttpDate(bodyDate, 0);
  if (typeof dateAtMs !== "number") return false;
  const modifiedAtMs = parseHttpDate(stored.get("last-modified"), dateAtMs);
  return typeof modifiedAtMs === "number" && dateAtMs - modifiedAtMs >= 1000;
}

/**
 * Returns the validator for `If-Range` (RFC 9110 §13.1.5): a strong ETag, or else a strong
 * `Last-Modified`; `undefined` without either.
 */
export function strongValidator(stored: Fields, bodyDate: string | null): string | undefined {
  const tag = entityTag(stored);
  if (tag !== null) return isWeak(tag) ? undefined : tag;
  return hasStrongDate(stored, bodyDate) ? stored.get("last-modified")?.trim() : undefined;
}

/**
 * Returns the fields of a conditional request for a stored response (RFC 9111 §4.3.1).
 *
 * @param isDateFit whether to send `Last-Modified` as `If-Modified-Since`
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
 * Returns whether a 304 may freshen the response whose validator was sent. An ETag must match the
 * stored ETag weakly. Without an ETag, `Last-Modified` must be equal (RFC 9111 §4.3.4).
 *
 * This departs from RFC 9111 §4.3.4: a 304 without a validator also freshens a stored response with
 * a validator, and a strong ETag one with the same weak ETag. Only the validator of this stored
 * response was sent, so the 304 cannot refer to another.
 */
export function freshensWhatWasSent(notModified: Fields, stored: Fields): boolean {
  const tag = entityTag(notModified);
  if (tag === null) {
    const modified = notModified.get("last-modified");
    return modified === null || modified === stored.get("last-modified");
  }
  const storedTag = entityTag(stored);
  return storedTag !== null && opaque(tag) === opaque(storedTag);
}

/**
 * Returns whether a 200 response to HEAD describes the same body as a stored response to GET (RFC
 * 9111 §4.3.5).
 *
 * This departs from RFC 9111 §4.3.5: without a validator, the result is `unknown`, because nothing
 * shows that the stored body is current.
 *
 * @param body.bodyBytes the length of the stored body; `null` if unknown
 * @param body.bodyDate the `Date` of the response that the body is from
 */
export function freshenedByHead(
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
 * Returns whether the client's precondition requires a 304 instead of this 2xx response.
 * `If-None-Match` overrides `If-Modified-Since` (RFC 9110 §13.2.2). The comparison is weak
 * (§13.1.2). A malformed member of the list matches nothing.
 *
 * @param given.receivedAtMs the receipt time of a stored response, which replaces an absent
 *   `Last-Modified` and `Date` (RFC 9111 §4.3.2). `undefined` for a response that is not stored:
 *   without `Last-Modified`, `If-Modified-Since` is ignored for that response (RFC 9110 §13.1.3)
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
    if (tag === null) return false;
    const listed = noneMatch.match(listMember)?.map(tagIn) ?? [];
    return listed.some((one) => one !== null && opaque(one) === opaque(tag));
  }
  // Only the century of two-digit years depends on this instant.
  const aroundAtMs = receivedAtMs ?? 0;
  const sinceAtMs = parseHttpDate(request.get("if-modified-since"), aroundAtMs);
  if (typeof sinceAtMs !== "number") return false;
  const modifiedAtMs = parseHttpDate(stored.get("last-modified"), aroundAtMs);
  if (modifiedAtMs === "unreadable") return false;
  if (modifiedAtMs !== "absent") return modifiedAtMs <= sinceAtMs;
  return receivedAtMs !== undefined && datedAtMs(stored, receivedAtMs) <= sinceAtMs;
}

/**
 * The fields of the client's preconditions. This cache evaluates them, so an origin request whose answer
 * may be stored does not copy them. Only an origin request with a range adds `If-Range` again.
 */
export const conditionalFieldNames = [
  "if-none-match",
  "if-modified-since",
  "if-match",
  "if-unmodified-since",
  "if-range",
] as const;

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
  const nonces = (fields: Fields, name: string) => noncesIn(fields.get(name)).sort().join();
  return [
    ...describing.filter((name) => described(update, name) !== described(stored, name)),
    ...policyFieldNames.filter((name) => nonces(update, name) !== nonces(stored, name)),
  ].filter((name) => update.has(name) && (name !== "content-encoding" || stored.has(name)));
}
