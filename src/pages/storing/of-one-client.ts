// Finds the parts of an answer that are for one client alone: fields that must not be stored, and
// identifiers of the client in any field.
import type { Route } from "../../config/config.ts";
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { governingDirectives } from "../../rules/cache-control.ts";
import { connectionFields, qualifiedFieldNames } from "../../rules/storable.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { unknownCookies } from "../../routing/cookies.ts";
import { dashed } from "../../routing/field-edits.ts";
import { addressNames } from "../request/forwarded-fields.ts";
import { credentialsIn } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { forClients } from "../respond/downstream.ts";
import type { PagePlace } from "../site/exchange.ts";
import { termsOf } from "../stored/lifetime.ts";

/**
 * Returns the fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7).
 * These fields are not stored, but the requesting client receives them, unless the route removes or
 * replaces them. `Set-Cookie` is none of them: an answer with a cookie for one client is not stored.
 */
export function fieldsForOneClient(
  received: Headers,
  stored: StoredMetadata,
  handled: PagePlace,
): FieldLine[] {
  const { route } = handled.request;
  const { directives } = termsOf(stored, route).governing;
  const named = qualifiedFieldNames(directives);
  if (named.size === 0) return [];
  const dropped = connectionFields(received);
  const forClient = [...forClients(received, handled.exchange.site.config, route)];
  const edited = route.responseEdits?.removed ?? new Set();
  return forClient.filter(
    ([name]) =>
      named.has(name) && name !== "set-cookie" && !dropped.has(name) && !edited.has(dashed(name)),
  );
}

/**
 * Returns whether some of the fields must not reach other clients. A field that only `no-cache`
 * names may reach them after validation.
 */
export function arePersonal(
  own: readonly FieldLine[],
  stored: StoredMetadata,
  { targets }: Route,
): boolean {
  if (own.length === 0) return false;
  const { private: named } = governingDirectives(fieldsOf(stored), targets).directives;
  return typeof named === "object" && own.some(([name]) => named.includes(name));
}

/**
 * The minimum length of a session identifier: 64 bits in hexadecimal digits. Shorter values are too
 * common to search for.
 */
const sessionCharactersMin = 16;
/** The maximum number of identifiers to search for, which limits the cost. */
const marksMax = 32;
const markCharactersMax = 64;

const addressPattern = /^(?:[\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)$/i;

/**
 * Returns whether an answer echoes an identifier of its client. Such an answer is for that client
 * alone. If only the field were dropped, a client could choose which fields other clients miss.
 *
 * @param metadata the metadata with the selecting fields. Their values are not searched for,
 *   because each value has its own variant.
 */
export function namesClient(
  received: Headers,
  metadata: StoredMetadata,
  request: LookupRequest,
): boolean {
  const marks = marksOf(metadata, request);
  if (marks.length === 0) return false;
  // There are too many identifiers to search for, so assume an echo.
  if (marks.length > marksMax) return true;
  // Skip Set-Cookie, which `effectsOf` reads.
  const values = [...received].filter(([name]) => name !== "set-cookie").map(([, value]) => value);
  const pattern = new RegExp(`(?<![a-z\\d])(?:${marks.map(patternOf).join("|")})`, "i");
  return pattern.test(decoded(values.join("\n")));
}

/** Returns the client's address, and values that may be its session identifiers. */
function marksOf({ selecting }: StoredMetadata, request: LookupRequest): string[] {
  const { forwarded, route, hasUnknownCookie } = request;
  const own = new Set([...selecting.map(([name]) => name), ...route.keyHeaders]);
  const isKeyedByAddress = addressNames.some((name) => own.has(name));
  const address = isKeyedByAddress ? "" : (forwarded.clientAddress ?? "");
  const cookies = hasUnknownCookie && !own.has("cookie") ? unknownCookies(forwarded, route) : [];
  const values = [
    ...cookies.map(({ value }) => value),
    ...credentialsIn(request, { selecting }).map((name) => forwarded.get(name) ?? ""),
  ];
  const marks = new Set(addressPattern.test(address) ? [address] : []);
  for (const value of values) {
    if (value.length < sessionCharactersMin) continue;
    // A value with a comma is also searched for in parts, because another cookie may begin after
    // the comma.
    for (const part of [value, ...value.split(/,(?:[^=,]*=)?/)]) {
      const session = decoded(part).replace(/^"(.*)"$/, "$1");
      if (session.length >= sessionCharactersMin) marks.add(session.slice(0, markCharactersMax));
    }
    if (marks.size > marksMax) break;
  }
  return [...marks];
}

/**
 * Returns a pattern that matches the identifier only as a whole word or number. A long identifier
 * is matched by its beginning.
 */
function patternOf(mark: string): string {
  const text = mark.replaceAll(/[^\w\s]/g, String.raw`\$&`);
  return mark.length < markCharactersMax ? `${text}(?![a-z\\d])` : text;
}

/** Decodes percent-encoded bytes, so that both spellings match. */
function decoded(text: string): string {
  return text.replaceAll(/%([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
