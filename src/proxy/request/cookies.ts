// Cookies of requests and responses, sorted by what the configuration knows of them.
import type { Config, Route } from "../../config/config.ts";
import type { Fields } from "../../http/fields.ts";
import { matchesAny, type NamePatterns } from "../../config/known-names.ts";

/** What is known of cookies on a route. */
export interface KnownCookies {
  /** Names of cookies that are part of the key. */
  readonly key: readonly string[];
  /** Cookies that no answer depends on; they are not forwarded. */
  readonly drop: readonly NamePatterns[];
}

/** What the route and the configuration know of cookies. */
export function knownCookies(route: Route, config: Config): KnownCookies {
  return { key: route.keyCookies, drop: [config.harmlessCookies, route.ignoreCookies] };
}

export interface SortedCookies {
  /** What is forwarded, in the request's order; empty for none. */
  readonly forwarded: string;
  /** Values of the cookies that are part of the key. */
  readonly keyed: readonly string[];
  /** One is there that nobody knows: it may be a session. */
  readonly hasUnknown: boolean;
}

/** Of a request that sends none. */
export const noCookies: SortedCookies = { forwarded: "", keyed: [], hasUnknown: false };

/**
 * Sorts the cookies of a request.
 *
 * @param given.field the value of `Cookie`
 */
export function sortCookies(given: KnownCookies & { field: string }): SortedCookies {
  const all = pairsIn(given.field).map((pair) => ({ pair, name: nameIn(pair) }));
  const kept = all.filter(({ name }) => !isDropped(name, given));
  return {
    forwarded: kept.map(({ pair }) => pair).join("; "),
    keyed: kept.filter(({ name }) => isIn(given.key, name)).map(({ pair }) => pair),
    hasUnknown: kept.some(({ name }) => !isIn(given.key, name)),
  };
}

function isDropped(name: string | undefined, { key, drop }: KnownCookies): boolean {
  if (name === undefined || isIn(key, name)) return false;
  return drop.some((patterns) => matchesAny(patterns, name));
}

function isIn(names: readonly string[], name: string | undefined): boolean {
  return name !== undefined && names.includes(name);
}

/**
 * The `Set-Cookie` lines of a response that make it one client's own: all of them, if one sets a
 * cookie that is not dropped from requests; none, if the route strips them.
 */
export function personalCookies(headers: Headers, route: Route, config: Config): string[] {
  if (route.setCookie === "strip" || !headers.has("set-cookie")) return [];
  const known = knownCookies(route, config);
  const lines = headers.getSetCookie();
  return lines.every((line) => isDropped(nameSetBy(line), known)) ? [] : lines;
}

/**
 * RFC 6265 §5.2: up to the first `=`.
 *
 * @returns `undefined`, which no pattern matches, for a line without one and for a line that may be
 *   two lines joined by a comma; a date has a comma too, but nothing like `, name=`
 */
function nameSetBy(line: string): string | undefined {
  if (/,[^;,]*=/.test(line)) return undefined;
  const [pair = ""] = line.split(";", 1);
  return pair.includes("=") ? pair.split("=", 1)[0]?.trim() : undefined;
}

function pairsIn(field: string): string[] {
  return field
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "");
}

/**
 * Two Cookie lines reach us joined by a comma, which no cookie holds: no pattern may match such a pair
 * by the first name in it.
 */
function nameIn(pair: string): string | undefined {
  return pair.includes(",") ? undefined : pair.split("=", 1)[0];
}

export interface UnknownCookie {
  /** `undefined` for a value without a name, which must not be told as one. */
  readonly name: string | undefined;
  readonly value: string;
}

/** Those that nobody knows, read once more out of what is forwarded: few answers depend on them. */
export function unknownCookies(
  forwarded: Fields,
  { keyCookies }: Pick<Route, "keyCookies">,
): UnknownCookie[] {
  const pairs = pairsIn(forwarded.get("cookie") ?? "");
  const unknown = pairs.filter((pair) => !isIn(keyCookies, nameIn(pair)));
  return unknown.map((pair) => {
    const equalsAt = pair.indexOf("=");
    return {
      name: equalsAt <= 0 ? undefined : pair.slice(0, equalsAt),
      value: pair.slice(equalsAt + 1),
    };
  });
}
