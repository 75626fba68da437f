// The key under which a response is stored (RFC 9111 §2): what the request asks for, as text.
import type { Config, Route } from "../config.ts";
import { matchesAny } from "../known-names.ts";
import { selectingValues } from "../http/selecting.ts";
import type { Fields } from "../http/stored-response.ts";
import { RecordKey } from "../tiers/record-key.ts";
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

/** GET and HEAD share one key; no other method is ever looked up. */
export function keyUrl(asked: Target, route: Route, config: Config): KeyedUrl {
  const allow = route.queryAllow;
  const counts = (name: string) =>
    !matchesAny(config.stripQuery, name) && (allow === undefined || matchesAny(allow, name));
  const target = { ...asked, query: keyedQuery(asked.query, counts) };
  const url = `${target.scheme}://${target.host}${pathAndQuery(target)}`;
  return { target, url, key: new RecordKey(`GET ${url}`, target.ownHost) };
}

export function primaryKey(
  { key }: KeyedUrl,
  facets: { keyHeaders: readonly string[]; keyedCookies: readonly string[]; forwarded: Fields },
): RecordKey {
  const { keyHeaders, keyedCookies, forwarded } = facets;
  if (keyHeaders.length + keyedCookies.length === 0) return key;
  const values = [keyHeaders.map((name) => forwarded.get(name)), keyedCookies];
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
