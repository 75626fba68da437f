// Classifies the cookies of requests and responses by the configuration.
import type { Config, Route } from "../../config/config.ts";
import type { Fields } from "../../rules/fields.ts";
import { matchesAny, type NamePatterns } from "../../config/known-names.ts";
import { positionName } from "../../purge/view/positions.ts";

export interface SortedCookies {
  /** The forwarded cookies, in the request's order; empty for none. */
  readonly forwarded: string;
  /** The `name=value` pairs that are part of the key. */
  readonly keyed: readonly string[];
  /** Whether a cookie is in no list of the configuration, so that it may identify a session. */
  readonly hasUnknown: boolean;
}

/** The result for a request without cookies. */
export const noCookies: SortedCookies = { forwarded: "", keyed: [], hasUnknown: false };

/**
 * The maximum number of cookies to compare with the lists. No browser sends more cookies. Comparing
 * more cookies would cost more than the rest of the request.
 */
const pairsMax = 200;

type RouteCookies = Pick<Route, "keyCookies" | "ignoreCookies">;
type SiteCookies = Pick<Config, "harmlessCookies">;

/**
 * Sorts the cookies of a request. If there are more than 200, all cookies outside the key are
 * treated as unknown.
 *
 * @param field the value of `Cookie`
 */
export function sortCookies(field: string, route: RouteCookies, site: SiteCookies): SortedCookies {
  const areMany = isOfMany(field);
  if (areMany && route.keyCookies.length === 0) {
    return { forwarded: field, keyed: [], hasUnknown: true };
  }
  const [kept, keyed]: [string[], string[]] = [[], []];
  for (const pair of pairsIn(field)) {
    const name = nameOfCookie(pair);
    if (!areMany && isDropped(name, route, site)) continue;
    kept.push(pair);
    if (isIn(route.keyCookies, name)) keyed.push(pair);
  }
  return { forwarded: kept.join("; "), keyed, hasUnknown: kept.length > keyed.length };
}

const positionCookie = new RegExp(`(?:^|;)\\s*${positionName}=([^;]*)`, "g");

/** Returns the position in the cookies of a request, if there is one. */
export function positionIn(field: string): string | undefined {
  return field.includes(positionName) ? [...field.matchAll(positionCookie)].at(-1)?.[1] : undefined;
}

/** Returns the cookies without the position, which never reaches an origin or a key. */
export function withoutPosition(field: string): string {
  if (!field.includes(positionName)) return field;
  return field.replaceAll(positionCookie, "").replace(/^;\s*/, "");
}

function isOfMany(field: string): boolean {
  let at = -1;
  for (let count = 0; count < pairsMax; count += 1) {
    at = field.indexOf(";", at + 1);
    if (at < 0) return false;
  }
  return true;
}

/**
 * Returns whether the configuration says that no answer depends on the cookie. Such a cookie is not
 * forwarded.
 */
function isDropped(name: string | undefined, route: RouteCookies, site: SiteCookies): boolean {
  if (name === undefined || isIn(route.keyCookies, name)) return false;
  return matchesAny(site.harmlessCookies, name) || matchesAny(route.ignoreCookies, name);
}

function isIn(names: readonly string[], name: string | undefined): boolean {
  return name !== undefined && names.includes(name);
}

/**
 * Returns the `Set-Cookie` lines that make a response personal. If any line sets a cookie that is
 * not dropped from requests, the result is all lines. Otherwise, the result is empty. If the route
 * strips `Set-Cookie`, only a line counts that may set a keyed cookie, or one that a route's condition
 * compares with values. The response then belongs to the cookie's new value, and not to the request.
 */
export function personalCookies(headers: Headers, route: Route, config: Config): string[] {
  if (!headers.has("set-cookie")) return [];
  const lines = headers.getSetCookie();
  const compared = config.routes.flatMap(({ when }) => when?.valued.cookie ?? []);
  const decides = (name: string | undefined) =>
    name === undefined
      ? route.keyCookies.length + compared.length > 0
      : isIn(route.keyCookies, name) || compared.includes(name.toLowerCase());
  const isShared = (name: string | undefined) =>
    !decides(name) && (route.setCookie === "strip" || isDropped(name, route, config));
  return lines.every((line) => isShared(nameSetBy(line))) ? [] : lines;
}

/**
 * Returns the cookie's name: the text before the first `=` (RFC 6265 §5.2).
 *
 * @returns `undefined`, which no pattern matches, for a line without `=` and for a line that may be
 *   two lines joined by a comma. A date also contains a comma, but never `, name=`
 */
export function nameSetBy(line: string): string | undefined {
  if (/,[^;,]*=/.test(line)) return undefined;
  const [pair = ""] = line.split(";", 1);
  return pair.includes("=") ? pair.split("=", 1)[0]?.trim() : undefined;
}

/**
 * Returns a test for a cookie with one of the names. Servers read names differently, so the test
 * ignores case and quotes, also finds percent-encoded names and those that PHP changes, and takes a comma
 * for the end of a cookie.
 */
export function compileHasCookie(names: NamePatterns): (field: string) => boolean {
  const forms = names.map((name) => {
    const literal = name.replace(/\*$/, "").replaceAll(/\W/g, String.raw`\$&`);
    const inPhp = literal.replaceAll("_", String.raw`[_.\s[]`);
    return name.endsWith("*") ? inPhp : String.raw`${inPhp}(?=[=;,"\s[]|$)`;
  });
  const form = new RegExp(String.raw`(?:^|[;,])[\s"]*(?:${forms.join("|")})`, "i");
  return (field) => form.test(field) || (field.includes("%") && form.test(percentDecoded(field)));
}

function percentDecoded(text: string): string {
  return text.replaceAll(/%([2-7][\da-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * Returns the names, in lower case, as which servers may read one pair of a `Cookie` field. Like
 * `compileHasCookie`, ignores quotes, decodes names, and takes a comma for the end of a cookie.
 */
export function readingsOfName(pair: string): readonly string[] {
  return pair.split(",").flatMap((cookie) => {
    const name = percentDecoded(cookie.split("=", 1)[0] ?? "").replaceAll('"', "");
    return [name.replaceAll(/\s/g, ""), ...readingsInPhp(name.trim())].map((one) =>
      one.toLowerCase(),
    );
  });
}

/** Returns the name without an index, and as PHP changes it: `a.b[c]` is `a_b`. */
export function readingsInPhp(name: string): readonly string[] {
  const whole = name.replace(/[[\0].*$/s, "");
  return [whole, whole.trimStart().replaceAll(/[.\s]/g, "_")];
}

/** Returns the trimmed pairs of a `Cookie` field. */
export function pairsIn(field: string): string[] {
  return field
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
}

/**
 * Returns the name of one pair of a `Cookie` field. Returns `undefined` for a pair with a comma,
 * which is invalid in cookies. Such a pair may be two joined lines, so no pattern may match it.
 */
export function nameOfCookie(pair: string): string | undefined {
  if (pair.includes(",")) return undefined;
  const equalsAt = pair.indexOf("=");
  return equalsAt < 0 ? pair : pair.slice(0, equalsAt);
}

/**
 * Returns the unknown cookies among the forwarded cookies.
 *
 * @returns names; `undefined` for a value without a name, so that no value is reported as a name
 */
export function unknownCookies(forwarded: Fields, { keyCookies }: Pick<Route, "keyCookies">) {
  const pairs = pairsIn(forwarded.get("cookie") ?? "");
  const unknown = pairs.filter((pair) => !isIn(keyCookies, nameOfCookie(pair)));
  return unknown.map((pair) => {
    const equalsAt = pair.indexOf("=");
    return {
      name: equalsAt <= 0 ? undefined : pair.slice(0, equalsAt),
      value: pair.slice(equalsAt + 1),
    };
  });
}
