// Finds the parts of an answer that are for one client alone: fields that are not stored for others, and
// identifiers of that client in any field.
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { governingDirectives } from "../../rules/governing-directives.ts";
import { connectionFields, qualifiedFieldNames } from "../../rules/storable-fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { personalCookies, unknownCookies } from "../request/cookies.ts";
import { credentialsIn } from "../request/personal.ts";
import type { LookupRequest } from "../request/plan.ts";
import { forClients } from "../respond/downstream.ts";
import type { OriginNeed } from "../reuse/need.ts";
import { termsOf } from "../stored/lifetime.ts";

/** A request, and its exchange. */
type ClientRequest = Pick<OriginNeed, "asked" | "exchange">;

/**
 * Returns the fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7). They are
 * not stored, but the requesting client gets them.
 */
export function fieldsForOneClient(
  received: Headers,
  stored: StoredMetadata,
  handled: ClientRequest,
): FieldLine[] {
  const { directives } = termsOf(stored, handled.asked.route).governing;
  const named = qualifiedFieldNames(directives);
  if (named.size === 0) return [];
  const dropped = connectionFields(received);
  const forClient = [...forClients(received, handled.exchange.site.config)];
  const own = forClient.filter(([name]) => named.has(name) && !dropped.has(name));
  return withoutSharedCookies(own, received, handled);
}

/** Returns whether other clients may not see some of the fields. Those in `no-cache` need only validation. */
export function arePersonal(own: readonly FieldLine[], stored: StoredMetadata): boolean {
  if (own.length === 0) return false;
  const { private: named } = governingDirectives(fieldsOf(stored)).directives;
  const isNamed = (name: string) => typeof named === "object" && named.includes(name);
  return own.some(([name]) => name === "set-cookie" || isNamed(name));
}

/** @returns the fields without non-personal cookies, which are dropped for all clients */
export function withoutSharedCookies(
  fields: readonly FieldLine[],
  received: Headers,
  { asked, exchange }: ClientRequest,
): FieldLine[] {
  const isPersonal = personalCookies(received, asked.route, exchange.site.config).length > 0;
  return fields.filter(([name]) => isPersonal || name !== "set-cookie");
}

/** A session has at least 64 bits, which are 16 digits. Shorter values are too common to search for. */
const sessionCharactersMin = 16;
/** Limits the cost of the search, whatever a client sends. */
const marksMax = 32;
const markCharactersMax = 64;

const addressPattern = /^(?:[\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)$/i;

/**
 * Returns whether an answer echoes an identifier of its client. Such an answer is for that client alone.
 * Dropping the field instead would let clients choose which fields others miss.
 *
 * @param metadata whose selecting fields give each client its own variant, so these do not count
 */
export function namesClient(
  received: Headers,
  metadata: StoredMetadata,
  asked: LookupRequest,
): boolean {
  const marks = marksOf(metadata, asked);
  if (marks.length === 0) return false;
  // Too many to search for, so assume an echo.
  if (marks.length > marksMax) return true;
  // Set-Cookie has a rule of its own: `personalCookies`.
  const values = [...received].filter(([name]) => name !== "set-cookie").map(([, value]) => value);
  const sought = new RegExp(`(?<![a-z\\d])(?:${marks.map(patternOf).join("|")})`, "i");
  return sought.test(decoded(values.join("\n")));
}

/** Returns the client's address, and values that may be its session. */
function marksOf({ selecting }: StoredMetadata, asked: LookupRequest): string[] {
  const { forwarded, route, hasUnknownCookie } = asked;
  const own = new Set([...selecting.map(([name]) => name), ...route.keyHeaders]);
  const isKeyedByAddress = own.has("x-forwarded-for") || own.has("cf-connecting-ip");
  const address = isKeyedByAddress ? "" : (forwarded.clientAddress ?? "");
  const cookies = hasUnknownCookie && !own.has("cookie") ? unknownCookies(forwarded, route) : [];
  // Another cookie may begin after a comma.
  const whole = [
    ...cookies.map(({ value }) => value),
    ...credentialsIn(asked, { selecting }).map((name) => forwarded.get(name) ?? ""),
  ];
  const values = [...whole, ...whole.flatMap((value) => value.split(/,(?:[^=,]*=)?/))];
  const sessions = values.map((value) => decoded(value).replace(/^"(.*)"$/, "$1"));
  const isLong = (value: string) => value.length >= sessionCharactersMin;
  return [
    ...(addressPattern.test(address) ? [address] : []),
    ...new Set(sessions.filter(isLong).map((value) => value.slice(0, markCharactersMax))),
  ];
}

/** Matches the mark only as a whole word or number. For a long mark, its beginning is enough. */
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
