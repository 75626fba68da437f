// The key under which a response is stored (RFC 9111 §2): what the request asks for, as text.
import type { Config, Route } from "../../config/config.ts";
import { matchesAny } from "../../config/known-names.ts";
import { selectingValues } from "../../rules/selecting.ts";
import type { Fields } from "../../rules/fields.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import { keyedQuery, pathAndQuery, type Target } from "./target.ts";

/** What a URL is keyed by, before any facet of the request that asks for it. */
export interface KeyedUrl {
  /** With that part of its query alone that counts on its route. */
  readonly target: Target;
  /** What a purge by URL names: all that is stored for it, whatever the facets and the variant. */
  readonly url: string;
  /** The primary key where the request has no facets. */
  readonly key: RecordKey;
}

/** Whether a parameter of this name is a part of the key. */
export type Counts = (name: string) => boolean;

/** By a name as it is spelled in the query. */
export function countsOn({ queryAllow: allow }: Route, { stripQuery }: Config): Counts {
  return (name) =>
    !matchesAny(stripQuery, name) && (allow === undefined || matchesAny(allow, name));
}

/** GET and HEAD share one key; no other method is ever looked up. */
export function keyUrl(asked: Target, route: Route, config: Config): KeyedUrl {
  const { target, url } = keyedUrl(asked, countsOn(route, config));
  return { target, url, key: new RecordKey(`GET ${url}`, target.ownHost) };
}

/** The target and the URL with those parameters alone that count. */
export function keyedUrl(asked: Target, counts: Counts): Pick<KeyedUrl, "target" | "url"> {
  const target = { ...asked, query: keyedQuery(asked.query, counts) };
  return { target, url: `${target.scheme}://${target.host}${pathAndQuery(target)}` };
}

/** A member of `request.cf`; `null` for none. */
export type CfMember = readonly [name: string, value: string | number | boolean | null];

/** Its values are short; what is longer is of no use in a key. */
const cfCharactersMax = 128;

/** The members by which a route keys: without `request.cf`, as on Node, each is `null`. */
export function keyedCf({ keyCf }: Pick<Route, "keyCf">, cf: Request["cf"]): readonly CfMember[] {
  return keyCf.map((name) => {
    const value = cf?.[name];
    if (typeof value === "string") return [name, value.length > cfCharactersMax ? null : value];
    return [name, typeof value === "number" || typeof value === "boolean" ? value : null];
  });
}

/** What a handler sees as `request.cf`; `undefined` for none of them. */
export function cfOfMembers(members: readonly CfMember[]): object | undefined {
  const there = members.filter(([, value]) => value !== null);
  return there.length === 0 ? undefined : Object.fromEntries(there);
}

/**
 * The key before any `Vary` (RFC 9111 §2): of the URL, and of the fields and cookies that the route
 * has in its keys.
 */
export function primaryKey(
  { key }: KeyedUrl,
  keyHeaders: readonly string[],
  keyedCookies: readonly string[],
  cf: readonly CfMember[],
  forwarded: Fields,
): RecordKey {
  const values: unknown[] = [keyHeaders.map((name) => forwarded.get(name)), keyedCookies];
  if (cf.length > 0) values.push(cf.map(([, value]) => value));
  return new RecordKey(`${key.text}\n${JSON.stringify(values)}`, key.host);
}

/** The key of one variant (RFC 9111 §4.1); the primary key itself where nothing selects. */
export function variantKey(
  primary: RecordKey,
  names: readonly string[],
  forwarded: Fields,
): RecordKey {
  if (names.length === 0) return primary;
  const selecting = JSON.stringify(selectingValues(names, forwarded));
  return new RecordKey(`${primary.text}\nvary ${selecting}`, primary.host);
}
