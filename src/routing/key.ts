// The cache key of a request (RFC 9111 §2), as a string.
import type { Config, Route } from "../config/config.ts";
import { matchesAny } from "../config/known-names.ts";
import { mayBeSecret, selectingValues } from "../rules/selecting.ts";
import type { Fields } from "../rules/fields.ts";
import { sortedQuery } from "../rules/query-string.ts";
import { type NameSecret, RecordKey } from "../cache/record/record-key.ts";
import { keyedQuery, namedUrl, sentUrl, type Target } from "./target.ts";

/**
 * The part of a cache key that is derived from the URL, without fields, cookies and `request.cf`.
 */
export interface KeyedUrl {
  /** The target that the origin gets: only with the parameters that are part of the key. */
  readonly target: Target;
  /**
   * The URL that a purge names. All spellings of a URL have the same named URL. The purge covers
   * every variant, regardless of the build, the fields and the cookies in the keys.
   */
  readonly url: string;
  /** The primary key on a route whose keys consist only of the URL and the build. */
  readonly key: RecordKey;
  /** Whether no response is stored, because the path and the query are too long. */
  readonly isTooLong: boolean;
}

/** Returns whether a parameter of this name, in the spelling of `comparedName`, is part of the key. */
export type Counts = (name: string) => boolean;

/** Returns the rule for a route's query parameters. */
export function countsOn({ queryAllow: allow, traits }: Route, { stripQuery }: Config): Counts {
  const { checkedQuery = [] } = traits;
  return (name) =>
    !matchesAny(stripQuery, name) &&
    !checkedQuery.includes(name) &&
    (allow === undefined || matchesAny(allow, name));
}

/** The settings of a site's keys. */
export interface KeySettings {
  readonly config: Config;
  readonly nameSecret: NameSecret;
}

/** The maximum length of a stored path and its query together, in bytes. A purge can name them. */
export const storedUrlBytesMax = 2_048;

/**
 * Returns the key of a URL, with the build of the application if this process runs it: a page names files of
 * its build. GET and HEAD share the key; other methods have no lookup.
 */
export function keyUrl(requested: Target, route: Route, site: KeySettings): KeyedUrl {
  const counted = keyedQuery(requested.query, countsOn(route, site.config));
  const query = route.sortsQuery ? sortedQuery(counted) : counted;
  const target = { ...requested, query };
  const naming = { secret: site.nameSecret, isSecret: false };
  const build = route.builds?.id;
  const text = `GET ${sentUrl(target)}${build === undefined ? "" : ` ${build}`}`;
  const key = new RecordKey(text, target.ownHost, "r", naming);
  // Both are ASCII. The named URL is never longer.
  const isTooLong = target.sentPath.length + query.length > storedUrlBytesMax;
  return { target, url: namedUrl(target), key, isTooLong };
}

/** A member of `request.cf`; its value is `null` if missing. */
export type CfMember = readonly [name: string, value: string | number | boolean | null];

/**
 * The maximum length of a value. Cloudflare's values are shorter. A longer value becomes `null`.
 */
const cfCharactersMax = 128;

/**
 * Returns the members that are part of a route's keys. Every value is `null` without `request.cf`,
 * as on Node.
 */
export function keyedCf({ keyCf }: Pick<Route, "keyCf">, cf: Request["cf"]): readonly CfMember[] {
  return keyCf.map((name) => {
    const value = cf?.[name];
    if (typeof value === "string") return [name, value.length > cfCharactersMax ? null : value];
    return [name, typeof value === "number" || typeof value === "boolean" ? value : null];
  });
}

/** Returns `request.cf` for a handler; `undefined` if all members are `null`. */
export function cfOfMembers(members: readonly CfMember[]): object | undefined {
  const there = members.filter(([, value]) => value !== null);
  return there.length === 0 ? undefined : Object.fromEntries(there);
}

/** The parts of a key besides the URL. */
interface KeyFacets {
  readonly route: Route;
  readonly cookies: readonly string[];
  readonly cf: readonly CfMember[];
  readonly forwarded: Fields;
}

/**
 * Returns the key before `Vary` (RFC 9111 §2): the URL with the route's key fields, cookies and members, and
 * with the name of a route that has conditions, because several routes may then match the URL.
 */
export function primaryKey(
  { key }: KeyedUrl,
  { route, cookies, cf, forwarded }: KeyFacets,
): RecordKey {
  const fields = route.keyHeaders.map((name) => [name, forwarded.get(name)] as const);
  const values: unknown[] = [fields.map(([, value]) => value), cookies];
  if (cf.length > 0) values.push(cf.map(([, value]) => value));
  if (route.when !== undefined) values.push(route.name);
  return key.with(JSON.stringify(values), cookies.length > 0 || fields.some(mayBeSecret));
}

/**
 * Returns the key of one variant (RFC 9111 §4.1), or the primary key if there are no selecting
 * fields.
 */
export function variantKey(
  primary: RecordKey,
  names: readonly string[],
  forwarded: Fields,
): RecordKey {
  if (names.length === 0) return primary;
  const selecting = selectingValues(names, forwarded);
  return primary.with(`vary ${JSON.stringify(selecting)}`, selecting.some(mayBeSecret));
}
