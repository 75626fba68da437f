// Selects the stored responses of a resource that match a request by `Vary` (RFC 9111 §4.1).
import { acceptClass, acceptClassName } from "./accept-class.ts";
import { tokenPattern } from "./cache-control.ts";
import type { Fields } from "./fields.ts";
import { rangesIn } from "./negotiation.ts";
import { traceFieldNames } from "./trace-context.ts";
import { contentTagName } from "./validators.ts";

/** Fields that select a part of a response, not another response (RFC 9110 §14.2). */
const ofOneRequest: ReadonlySet<string> = new Set(["range", "if-range"]);

/**
 * Returns the names in `Vary`, in lower case, sorted, and without repeats. A member that is a range
 * field or not a field name is treated as `*`, which never matches.
 *
 * This departs from RFC 9111 §4.1: `traceparent` and `tracestate` are omitted. Their values differ
 * in each request, so no stored response would ever match.
 */
export function selectingFieldNames(response: Fields): string[] {
  const names = (response.get("vary") ?? "").split(",").map((name) => name.trim().toLowerCase());
  const known = names.map((name) => {
    const isName = name === "" || tokenPattern.test(name);
    return isName && !ofOneRequest.has(name) ? name : "*";
  });
  const selecting = known.filter((name) => name !== "" && !traceFieldNames.includes(name));
  return [...new Set(selecting)].sort();
}

/**
 * Returns the request fields that probably changed a response and that its `Vary` does not name:
 * `accept` for another media type, `accept-language` for another language (RFC 9110 §12.5).
 */
export function silentlyVaryingBy(before: Fields, now: Fields): string[] {
  const stated = selectingFieldNames(now);
  const differ = (name: string) => valueOf(before, name) !== valueOf(now, name);
  return [
    ...(differ("content-type") ? ["accept"] : []),
    ...(differ("content-language") ? ["accept-language"] : []),
  ].filter((name) => !stated.includes(name));
}

/** Returns a field's value in lower case, without parameters; empty if the field is missing. */
function valueOf(fields: Fields, name: string): string {
  return (fields.get(name) ?? "").split(";", 1).join().trim().toLowerCase();
}

/**
 * Returns whether a request prefers another media type or language than those of a response, by the
 * qualities in `Accept` and `Accept-Language` (RFC 9110 §12.5.1, §12.5.4).
 */
export function prefersAnother(request: Pick<Fields, "get">, response: Fields): boolean {
  const type = valueOf(response, "content-type");
  const language = valueOf(response, "content-language");
  return (
    ranksBelowOthers([type, type.replace(/\/.*/, "/*"), "*/*"], request.get("accept")) ||
    ranksBelowOthers([language, language.replace(/-.*/, ""), "*"], request.get("accept-language"))
  );
}

/** @param forms the value of a response, and the ranges that match it, most specific first */
function ranksBelowOthers(forms: readonly string[], field: string | null): boolean {
  if (forms[0] === "" || field === null) return false;
  const qualities = new Map(rangesIn(field).map(({ name, quality }) => [name, quality]));
  const own = forms.map((form) => qualities.get(form)).find((quality) => quality !== undefined);
  return (own ?? 0) < Math.max(...qualities.values());
}

/**
 * Matches a single origin as browsers write it: in lower case, without the scheme's default port.
 */
const originPattern =
  /^(?:null|(?!https:.*:443$|http:.*:80$)[a-z][a-z\d+.-]*:\/\/[^\s,;"'/\\?#@A-Z]+)$/;

/** Response fields that may repeat the request's `Origin`. */
const originFields = ["access-control-allow-origin", "timing-allow-origin"];

/**
 * Decides which clients may receive a response without `Vary: Origin`: any client (`any`), clients
 * that send this `Origin` (`this`), or only this client (`one-client`). A response that repeats the
 * request's `Origin` is for clients that send it
 * (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches).
 *
 * Two kinds of responses are for this client alone, because invented origins could otherwise choose
 * the response of other clients, and evict their variants. The first names an origin, and the
 * request's `Origin` is malformed. The second neither repeats the request's `Origin` nor allows all
 * origins, and `isKnown` is true.
 *
 * @param given.isKnown whether a response that varies by `Origin` is stored. If so, a response to a
 *   request without `Origin` is the variant for such requests, unless it allows all origins
 */
export function originAnswered(
  response: Fields,
  given: { request: Fields; isKnown: boolean },
): "any" | "this" | "one-client" {
  const names = selectingFieldNames(response);
  if (names.includes("origin") || names.includes("*")) return "any";
  const values = originFields.flatMap((name) => response.get(name)?.trim() ?? []);
  const named = values.filter((value) => value !== "*");
  const origin = given.request.get("origin")?.trim() ?? "";
  const isEcho = (value: string) =>
    value.split(",").some((member) => member.trim().toLowerCase() === origin);
  if (originPattern.test(origin) && named.some(isEcho)) return "this";
  const isForAll = values.length > 0 && named.length === 0;
  if (given.isKnown && !isForAll) return origin === "" ? "this" : "one-client";
  const isMadeUp = origin !== "" && !originPattern.test(origin);
  return isMadeUp && named.length > 0 ? "one-client" : "any";
}

const plainNames =
  /^(?:accept|accept-.*|accept!class|cf-ipcountry|user-agent|x-device|origin|sec-ch-.*|rsc|next-.*|hx-.*)$/;
const secretWords = /auth|cookie|key|pass|secret|session|token/;

/**
 * Returns whether the value of a request field may be a secret of the client. Such values leave the
 * isolate only as part of a keyed digest.
 *
 * @param field the name in lower case, and the value; `null` if the field is missing
 */
export function mayBeSecret([name, value]: readonly [string, string | null]): boolean {
  return value !== null && (!plainNames.test(name) || secretWords.test(name));
}

/** Stands for a value that is not known. It matches no request, because no field has a line feed. */
export const unknownValue = "\n";

export type SelectingValues = readonly (readonly [name: string, value: string | null])[];

/** Fields whose values are case-insensitive (RFC 9110 §12.5.4, RFC 4647 §2). */
const caseInsensitive: ReadonlySet<string> = new Set(["accept-language"]);

/**
 * Returns the request's values of these fields. Normalizes white space around list commas and the
 * case of language tags, as RFC 9111 §4.1 allows. Keeps the order of members, because some origins
 * prefer the first member.
 */
export function selectingValues(names: readonly string[], request: Fields): SelectingValues {
  return names.map((name) => [name, selectingValue(name, request)]);
}

function selectingValue(name: string, request: Fields): string | null {
  if (name === acceptClassName) return acceptClass(request.get("accept"));
  if (name === contentTagName) return null;
  const value = request.get(name);
  if (value === null) return null;
  return normalised(caseInsensitive.has(name) ? value.toLowerCase() : value);
}

/** Removes white space around commas, unless the value has quoted strings or comments. */
function normalised(value: string): string {
  if (/["(]/.test(value)) return value.trim();
  const members = value.split(",").map((member) => member.trim());
  return members.join(",");
}

/**
 * Returns whether all fields of a stored response match the request. An absent field matches only
 * an absent field; `*` never matches (RFC 9111 §4.1).
 */
export function selects(stored: SelectingValues, request: Fields): boolean {
  return stored.every(([name, value]) => name !== "*" && selectingValue(name, request) === value);
}
