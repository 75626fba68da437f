// The cache key of a request (RFC 9111 §2), as text.
import type { Config, Route } from "../../config/config.ts";
import { matchesAny } from "../../config/known-names.ts";
import { selectingValues } from "../../rules/selecting.ts";
import type { Fields } from "../../rules/fields.ts";
import { RecordKey } from "../../cache/record/record-key.ts";
import { keyedQuery, pathAndQuery, type Target } from "./target.ts";

/** The part of a cache key that the URL gives, before fields, cookies and `request.cf`. */
export interface KeyedUrl {
  /** The target with only the query parameters that count on its route. */
  readonly target: Target;
  /** The URL that a purge names. The purge covers every variant, whatever fields and cookies the keys have. */
  readonly url: string;
  /** The primary key of a route that keys by the URL alone. */
  readonly key: RecordKey;
}

/** Returns whether a parameter of this name is part of the key. */
export type Counts = (name: string) => boolean;

/** Returns the route's rule, which takes names as spelled in the query. */
export function countsOn({ queryAllow: allow }: Route, { stripQuery }: Config): Counts {
  return (name) =>
    !matchesAny(stripQuery, name) && (allow === undefined || matchesAny(allow, name));
}

/** Returns the key of a URL. GET and HEAD share it; no other method is looked up. */
export function keyUrl(asked: Target, route: Route, config: Config): KeyedUrl {
  const { target, url } = keyedUrl(asked, countsOn(route, config));
  return { target, url, key: new RecordKey(`GET ${url}`, target.ownHost) };
}

/** Returns the target and the URL with only the parameters that count. */
export function keyedUrl(asked: Target, counts: Counts): Pick<KeyedUrl, "target" | "url"> {
  const target = { ...asked, query: keyedQuery(asked.query, counts) };
  return { target, url: `${target.scheme}://${target.host}${pathAndQuery(target)}` };
}

/** A member of `request.cf`; `null` for none. */
export type CfMember = readonly [name: string, value: string | number | boolean | null];

/** Longer values do not become part of a key. Cloudflare's are short. */
const cfCharactersMax = 128;

/** Returns the members in a route's keys. Each is `null` without `request.cf`, as on Node. */
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

/** Returns the key before `Vary` (RFC 9111 §2): the URL with the route's key fields, cookies and members. */
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

/** Returns the key of one variant (RFC 9111 §4.1); without selecting fields, the primary key. */
export function variantKey(
  primary: RecordKey,
  names: readonly string[],
  forwarded: Fields,
): RecordKey {
  if (names.length === 0) return primary;
  const selecting = JSON.stringify(selectingValues(names, forwarded));
  return new RecordKey(`${primary.text}\nvary ${selecting}`, primary.host);
}
