// The key under which a response is stored (RFC 9111 §2): what the request asks for, as text.
import { selectingValues } from "../http/selecting.ts";
import type { Fields } from "../http/stored-response.ts";
import { RecordKey } from "../tiers/record-key.ts";
import { pathAndQuery, type Target } from "./target.ts";

/** What a purge by URL names: all that is stored for it, whatever the facets and the variant. */
export function keyedUrl(target: Target): string {
  return `${target.scheme}://${target.host}${pathAndQuery(target)}`;
}

/** GET and HEAD share one key; no other method is ever looked up. */
export function primaryKey(given: {
  target: Target;
  keyHeaders: readonly string[];
  keyedCookies: readonly string[];
  forwarded: Fields;
}): RecordKey {
  const { target, keyHeaders, keyedCookies, forwarded } = given;
  const facets =
    keyHeaders.length + keyedCookies.length === 0
      ? ""
      : `\n${JSON.stringify([keyHeaders.map((name) => forwarded.get(name)), keyedCookies])}`;
  return new RecordKey(`GET ${keyedUrl(target)}${facets}`, target.ownHost);
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
