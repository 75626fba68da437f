// Which stored response of a resource matches a request: Vary (RFC 9111 §4.1).
import { tokenPattern } from "./directives.ts";
import type { Fields } from "./fields.ts";
import { traceFieldNames } from "./trace-context.ts";

/** Forwarded, but no part of what is stored: a part is cut out of the whole (RFC 9110 §14.2). */
const ofOneRequest: ReadonlySet<string> = new Set(["range", "if-range"]);

/**
 * Departs from RFC 9111 §4.1: `traceparent` and `tracestate` select nothing. Each request has values of
 * its own, which name the request and no page; with them, no stored response would ever be found.
 *
 * @returns names in `Vary`, lower case, sorted, without repeats; empty when there is none. A member
 *   that is no field name, or names a range, counts as `*`: nothing can be found to match it.
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

/** As browsers write one: no list, in lower case, without the port that the scheme implies. */
const originPattern =
  /^(?:null|(?!https:.*:443$|http:.*:80$)[a-z][a-z\d+.-]*:\/\/[^\s,;"'/\\?#@A-Z]+)$/;

/** What may give the request's `Origin` back. */
const originFields = ["access-control-allow-origin", "timing-allow-origin"];

/**
 * For whom is a response that does not itself say `Vary: Origin`? One that gives the request's own
 * back is for that origin (https://fetch.spec.whatwg.org/#cors-protocol-and-http-caches). Who sends
 * an `Origin` that is none, or one that is not allowed where others are, is answered alone: else
 * made-up ones would choose what others get, and take their variants' places.
 *
 * @param given.isKnown an answer that varies by `Origin` is stored: then one that names no origin, or
 *   one by default, is what those get who send none
 */
export function originAnswered(
  response: Fields,
  given: { request: Fields; isKnown: boolean },
): "any" | "this" | "one-client" {
  const names = selectingFieldNames(response);
  if (names.includes("origin") || names.includes("*")) return "any";
  const told = originFields.flatMap((name) => response.get(name)?.trim() ?? []);
  const named = told.filter((value) => value !== "*");
  const origin = given.request.get("origin")?.trim() ?? "";
  const isEcho = (value: string) =>
    value.split(",").some((member) => member.trim().toLowerCase() === origin);
  if (originPattern.test(origin) && named.some(isEcho)) return "this";
  const isForAll = told.length > 0 && named.length === 0;
  if (given.isKnown && !isForAll) return origin === "" ? "this" : "one-client";
  const isMadeUp = origin !== "" && !originPattern.test(origin);
  return isMadeUp && named.length > 0 ? "one-client" : "any";
}

export type SelectingValues = readonly (readonly [name: string, value: string | null])[];

/** Their values mean the same in any case (RFC 9110 §12.5.4, RFC 4647 §2). */
const caseInsensitive: ReadonlySet<string> = new Set(["accept-language"]);

/**
 * The values a request has for the nominated fields. White space around list commas means nothing,
 * nor does case in the names of languages (RFC 9111 §4.1 allows such normalisation). Everything
 * else is compared as text, the order of members too: some origins take the first for the dearest.
 */
export function selectingValues(names: readonly string[], request: Fields): SelectingValues {
  return names.map((name) => [name, selectingValue(name, request)]);
}

function selectingValue(name: string, request: Fields): string | null {
  const value = request.get(name);
  if (value === null) return null;
  return normalised(caseInsensitive.has(name) ? value.toLowerCase() : value);
}

/** In a quoted string or a comment white space does mean something, so there it is left alone. */
function normalised(value: string): string {
  if (/["(]/.test(value)) return value.trim();
  const members = value.split(",").map((member) => member.trim());
  return members.join(",");
}

/** RFC 9111 §4.1: all nominated fields match, an absent one only an absent one, `*` never. */
export function selects(stored: SelectingValues, request: Fields): boolean {
  return stored.every(([name, value]) => name !== "*" && selectingValue(name, request) === value);
}
