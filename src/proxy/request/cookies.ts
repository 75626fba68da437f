// Cookies of requests and responses, sorted by what the configuration knows of them.
import type { Config, Route } from "../../config/config.ts";
import type { Fields } from "../../rules/fields.ts";
import { matchesAny } from "../../config/known-names.ts";

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

/** No browser sends more; to look each up in the lists would cost more than the request. */
const pairsMax = 200;

type RouteCookies = Pick<Route, "keyCookies" | "ignoreCookies">;
type SiteCookies = Pick<Config, "harmlessCookies">;

/**
 * Sorts the cookies of a request. Of more than 200, none counts as known but those of the key.
 *
 * @param field the value of `Cookie`
 */
export function sortCookies(field: string, route: RouteCookies, site: SiteCookies): SortedCookies {
  const areMany = isOfMany(field);
  if (areMany && route.keyCookies.length === 0) {
    return { forwarded: field, keyed: [], hasUnknown: true };
  }
  const all = pairsIn(field).map((pair) => ({ pair, name: nameOfCookie(pair) }));
  const kept = areMany ? all : all.filter(({ name }) => !isDropped(name, route, site));
  return {
    forwarded: kept.map(({ pair }) => pair).join("; "),
    keyed: kept.filter(({ name }) => isIn(route.keyCookies, name)).map(({ pair }) => pair),
    hasUnknown: kept.some(({ name }) => !isIn(route.keyCookies, name)),
  };
}

function isOfMany(field: string): boolean {
  let at = -1;
  for (let count = 0; count < pairsMax; count += 1) {
    at = field.indexOf(";", at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** Is it one that no answer depends on? Such cookies are not forwarded. */
function isDropped(name: string | undefined, route: RouteCookies, site: SiteCookies): boolean {
  if (name === undefined || isIn(route.keyCookies, name)) return false;
  return matchesAny(site.harmlessCookies, name) || matchesAny(route.ignoreCookies, name);
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
  const lines = headers.getSetCookie();
  return lines.every((line) => isDropped(nameSetBy(line), route, config)) ? [] : lines;
}

/**
 * RFC 6265 §5.2: up to the first `=`.
 *
 * @returns `undefined`, which no pattern matches, for a line without one and for a line that may be
 *   two lines joined by a comma; a date has a comma too, but nothing like `, name=`
 */
export function nameSetBy(line: string): string | undefined {
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
 * The name of one pair of a `Cookie` field. Two Cookie lines reach us joined by a comma, which no
 * cookie holds: no pattern may match such a pair by the first name in it.
 */
export function nameOfCookie(pair: string): string | undefined {
  return pair.includes(",") ? undefined : pair.split("=", 1)[0];
}

/**
 * Those that nobody knows, read once more out of what is forwarded: few answers depend on them.
 *
 * @returns `name`: `undefined` for a value without one, which must not be told as a name
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
