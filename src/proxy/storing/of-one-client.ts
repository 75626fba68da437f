// What in an answer is for the one client that asked: fields that are not stored for others, and a mark
// of that client, whatever field it stands in.
import { type FieldLine, fieldsOf } from "../../rules/fields.ts";
import { governingDirectives } from "../../rules/governing-directives.ts";
import { connectionFields, qualifiedFieldNames } from "../../rules/storable-fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { personalCookies, unknownCookies } from "../request/cookies.ts";
import { credentialsIn } from "../request/personal.ts";
import type { Asked } from "../request/plan.ts";
import { forClients } from "../respond/downstream.ts";
import type { Need } from "../reuse/need.ts";
import { termsOf } from "../stored/lifetime.ts";

/** A request, and the configuration that it is handled by. */
type Handled = Pick<Need, "asked" | "exchange">;

/**
 * Fields that a qualified `private` or `no-cache` names (RFC 9111 §5.2.2.4, §5.2.2.7): not stored, but
 * meant for the client that is answered.
 */
export function fieldsForOneClient(
  received: Headers,
  stored: StoredMetadata,
  handled: Handled,
): FieldLine[] {
  const { directives } = termsOf(stored, handled.asked.route).governing;
  const named = qualifiedFieldNames(directives);
  if (named.size === 0) return [];
  const dropped = connectionFields(received);
  const forClient = [...forClients(received, handled.exchange.site.config)];
  const own = forClient.filter(([name]) => named.has(name) && !dropped.has(name));
  return withoutSharedCookies(own, received, handled);
}

/** Are fields among them that nobody else may see? What `no-cache` names is only to be validated. */
export function arePersonal(own: readonly FieldLine[], stored: StoredMetadata): boolean {
  if (own.length === 0) return false;
  const { private: named } = governingDirectives(fieldsOf(stored)).directives;
  const isNamed = (name: string) => typeof named === "object" && named.includes(name);
  return own.some(([name]) => name === "set-cookie" || isNamed(name));
}

/** @returns the fields without cookies that are nobody's own: these are dropped for all clients alike */
export function withoutSharedCookies(
  fields: readonly FieldLine[],
  received: Headers,
  { asked, exchange }: Handled,
): FieldLine[] {
  const isPersonal = personalCookies(received, asked.route, exchange.site.config).length > 0;
  return fields.filter(([name]) => isPersonal || name !== "set-cookie");
}

/** A session has 64 bits at the least, which are 16 digits; a shorter value may stand for anything. */
const sessionCharactersMin = 16;
/** Who sends more marks, or longer ones, must not make the search dear. */
const marksMax = 32;
const markCharactersMax = 64;

const addressPattern = /^(?:[\d.]{7,15}|[\da-f:.]*:[\da-f:.]*)$/i;

/**
 * Does an answer give a mark of the client that asked back? Then it is for that client alone: to leave
 * the field out would let clients choose what others miss.
 *
 * @param metadata by whose selecting fields each client has a variant of its own: these are no echo
 */
export function namesClient(received: Headers, metadata: StoredMetadata, asked: Asked): boolean {
  const marks = marksOf(metadata, asked);
  if (marks.length === 0) return false;
  // What is not looked for may be there.
  if (marks.length > marksMax) return true;
  // Set-Cookie has a rule of its own: `personalCookies`.
  const values = [...received].filter(([name]) => name !== "set-cookie").map(([, value]) => value);
  const sought = new RegExp(`(?<![a-z\\d])(?:${marks.map(patternOf).join("|")})`, "i");
  return sought.test(decoded(values.join("\n")));
}

/** Its address, and what may be its session. */
function marksOf({ selecting }: StoredMetadata, asked: Asked): string[] {
  const { forwarded, route, hasUnknownCookie } = asked;
  const own = new Set([...selecting.map(([name]) => name), ...route.keyHeaders]);
  const isKeyedByAddress = own.has("x-forwarded-for") || own.has("cf-connecting-ip");
  const address = isKeyedByAddress ? "" : (forwarded.clientAddress ?? "");
  const cookies = hasUnknownCookie && !own.has("cookie") ? unknownCookies(forwarded, route) : [];
  // Behind a comma another cookie may begin.
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

/** By itself, and not as a piece of a longer number or word; of a long mark its beginning will do. */
function patternOf(mark: string): string {
  const text = mark.replaceAll(/[^\w\s]/g, String.raw`\$&`);
  return mark.length < markCharactersMax ? `${text}(?![a-z\\d])` : text;
}

/** Each byte that is percent-encoded as itself, so that both spellings of a value are one. */
function decoded(text: string): string {
  return text.replaceAll(/%([\da-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
