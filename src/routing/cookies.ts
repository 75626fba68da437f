// Classifies the cookies of requests and responses by the configuration.
import { onceFor } from "../base/once.ts";
import type { Config, Route } from "../config/config.ts";
import type { Fields } from "../rules/fields.ts";
import { matchesAny } from "../config/known-names.ts";
import { positionName } from "../protocol/purge-order.ts";
import { cookieForm, countIn } from "./name-forms.ts";

export interface SortedCookies {
  /**
   * The forwarded cookies; empty for none. Those of the key come first, because some servers stop at a cookie
   * that they cannot read.
   */
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
  const [keyed, unknown]: [string[], string[]] = [[], []];
  for (const pair of pairsIn(field)) {
    const name = nameOfCookie(pair);
    if (isIn(route.keyCookies, name)) keyed.push(pair);
    else if (areMany || !isDropped(name, route, site)) unknown.push(pair);
  }
  return { forwarded: [...keyed, ...unknown].join("; "), keyed, hasUnknown: unknown.length > 0 };
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
 * strips `Set-Cookie`, only a line counts that may change a keyed cookie, or set one that a route's
 * condition compares with values. The response then belongs to the cookie's new value, and not to the
 * request.
 */
export function personalCookies(
  headers: Headers,
  { route, keyedCookies }: { readonly route: Route; readonly keyedCookies: string },
  config: Config,
): string[] {
  if (!headers.has("set-cookie")) return [];
  const lines = headers.getSetCookie();
  const compared = config.routes.flatMap(({ when }) => when?.valued.cookie ?? []);
  const deciding = [...route.keyCookies, ...compared];
  const decides = (name: string | undefined) =>
    deciding.some(
      (one) => name === undefined || countIn(namedCookie(one).anywhere, `${name}=`) > 0,
    );
  const isStripped = route.setCookie === "strip";
  const isShared = (line: string) => {
    const name = nameSetBy(line);
    if (isStripped && repeats(line, name, keyedCookies)) return true;
    return !decides(name) && (isStripped || isDropped(name, route, config));
  };
  return lines.every(isShared) ? [] : lines;
}

/**
 * Returns whether the line sets a cookie of the key to the value that the request has, as Magento does on
 * each page to prolong `X-Magento-Vary`. A line that may delete the cookie does not: `Max-Age=0`, or
 * `Expires` without `Max-Age`.
 */
function repeats(line: string, name: string | undefined, keyedCookies: string): boolean {
  const [set = "", ...attributes] = line.split(";").map((part) => part.trim());
  const sent = pairsIn(keyedCookies).filter((pair) => nameOfCookie(pair) === name);
  if (name === undefined || sent.length !== 1 || sent[0] !== set) return false;
  const ages = attributes.filter((attribute) => /^max-age\b/i.test(attribute));
  if (ages.length === 0) return !attributes.some((attribute) => /^expires\b/i.test(attribute));
  return ages.every((age) => /^max-age=[1-9]\d*$/i.test(age));
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

/** Returns the forms of a cookie that the configuration names. */
const namedCookie = onceFor((name) => {
  const literal = name.replaceAll(/\W/g, String.raw`\$&`);
  const value = String.raw`("?)[!#-+\--:<-[\]-~]*\1`;
  return {
    anywhere: cookieForm([name]),
    /** A pair that `sortCookies` may take for a part of the key. */
    pair: new RegExp(String.raw`(?:^|;)\s*${literal}=[^,;]*(?=;|$)`, "g"),
    /** RFC 6265 §4.2.1. */
    plainPair: new RegExp(String.raw`(?:^|; ?)${literal}=${value}(?=;|$)`, "g"),
  };
});

/**
 * A quoted value with a semicolon, at which only some servers end the cookie, or a pair without a name or an
 * equals sign, for which Python's standard library drops all cookies.
 */
const hidingOthers = /=\s*"[^";]*(?:\\"[^";]*)*;|(?:^|;)\s*(?:=|[^=;\s][^=;]*(?:;|$))/;

/**
 * Returns whether servers may read different values of a cookie: it occurs in another form than a pair, or
 * beside such a form.
 *
 * @param isKeyed whether all pairs of this name are a part of the key. Otherwise, there must be only one
 */
export function isUnclear(field: string, name: string, isKeyed: boolean): boolean {
  const { anywhere, pair, plainPair } = namedCookie(name);
  const count = countIn(anywhere, field);
  if (count === 0) return false;
  const isPlain = isKeyed
    ? countIn(pair, field) === count
    : count === 1 && countIn(plainPair, field) === 1;
  return !isPlain || hidingOthers.test(field);
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
