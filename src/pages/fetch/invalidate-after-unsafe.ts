// Invalidates after the response to an unsafe method: the request's URI, and the URIs in Location
// and Content-Location (RFC 9111 §4.4). This isolate applies the invalidation immediately, and
// removes the URIs' records from the tiers below in the background. `invalidate: "everywhere"` also
// invalidates the groups in Cache-Group-Invalidation (RFC 9875 §3), and sends a purge of the URIs
// and groups to the journal.
import { groupsIn } from "../../rules/cache-groups.ts";
import { isSafe } from "../../rules/methods.ts";
import { comparedTag, groupTag, pathPrefix, urlTag } from "../../purge/journal/purge-target.ts";
import type { InvalidatedTarget } from "../../purge/acceptance/invalidation-batches.ts";
import { type KeyedUrl, keyUrl, storedUrlBytesMax } from "../../routing/key.ts";
import { keyedAs, type PassedRequest } from "../request/plan.ts";
import type { Exchange } from "../site/exchange.ts";
import type { Route } from "../../config/config.ts";
import { isOfLyingUrl } from "../stored/content-tag.ts";
import { unseen } from "../storing/lying-validators.ts";
import { removeStored } from "../storing/in-tiers.ts";
import { isGroup } from "../stored/tags.ts";
import { routesStoring } from "../../routing/routes.ts";
import { canonicalHost, ownUrl, readTarget, type Target } from "../../routing/target.ts";
import type { UrlRead } from "../../routing/url-reader.ts";

/**
 * Invalidates after an unsafe request, unless the response is an error. Otherwise, any client could
 * invalidate by a request that the origin rejects.
 */
export function invalidateBy(response: Response, passed: PassedRequest, exchange: Exchange): void {
  const { request, target } = passed;
  if (isSafe(request) || response.status < 200 || response.status > 399) return;
  const named = ["location", "content-location"].map((name) => response.headers.get(name));
  const urls = [ownUrl(passed.target), ...named.filter((url) => url !== null)];
  const pages = urls.flatMap((url) => invalidate(url, passed, exchange));
  // A condition chooses who gets stored pages. It does not change which pages a request invalidates.
  const { route } = exchange.site.matchRoute(target, request.method);
  if (route.invalidate === "here") return;
  const targets = [...pages, ...invalidateGroups(response, passed, exchange)];
  exchange.site.joinedPurges?.add(targets, {
    atMs: exchange.nowAtMs(),
    afterAnswer: exchange.afterAnswer,
  });
}

/**
 * Invalidates a URL in this isolate and the tiers below.
 *
 * @returns the targets for a purge of the URL everywhere; empty if the URL is not cached or belongs to
 *   another origin
 */
function invalidate(
  url: string,
  passed: PassedRequest,
  exchange: Exchange,
): readonly InvalidatedTarget[] {
  const { matchRoute, readUrl, siteHosts, invalidations } = exchange.site;
  const { request, target } = passed;
  const base = ownUrl(passed.target);
  if (!URL.canParse(url, base)) return [];
  const absolute = url === base ? url : new URL(url, base).href;
  const read = readTarget(absolute, siteHosts);
  // RFC 9111 §4.4: a response of one origin must not invalidate another origin's responses.
  const hosts = [target.ownHost, target.host];
  const ours = hosts.map((host) => canonicalHost(host, target.scheme));
  const host = canonicalHost(read.ownHost, read.scheme);
  const isOurs = read.scheme === target.scheme && ours.includes(host);
  if (!isOurs || read.isAmbiguous || read.sentPath.length > storedUrlBytesMax) return [];
  const { route, storing: routes } = routesStoring(matchRoute, read);
  const own = readUrl({ url: absolute, method: "GET" }, request);
  const path = pathPrefix({ origin: originOf(read), path: read.path });
  const targets: InvalidatedTarget[] = [];
  for (const storing of routes) {
    const keyed = keyUrl({ ...read, ownHost: target.ownHost }, storing, exchange.site);
    if (keyed.isTooLong) continue;
    const tag = urlTag(keyed.url);
    invalidations.add(comparedTag(tag), exchange.nowAtMs());
    targets.push({ tag, path });
    // This covers other clients' responses in memory. Below it, the request removes only its own.
    if (storing === route || storing === own.route) {
      removeOwn(keyed, { storing, withheld: own.withheld, hosts }, passed, exchange);
    }
  }
  return targets;
}

interface OwnRecord extends Pick<UrlRead, "withheld"> {
  readonly storing: Route;
  readonly hosts: readonly string[];
}

/** Removes the request's own record of a URL from the tiers. */
function removeOwn(
  keyed: KeyedUrl,
  { storing, withheld, hosts }: OwnRecord,
  { request, address }: PassedRequest,
  exchange: Exchange,
): void {
  const { config, invalidations } = exchange.site;
  const { gate, keyed: valuesOf } = storing.phases;
  const values = valuesOf?.(request);
  for (const one of new Set([gate, undefined])) {
    const given = { config, address, by: { gate: one, values } };
    const { key } = keyedAs(request, { keyed, route: storing, withheld }, given);
    const known = invalidations.removed(key.text);
    if (known === undefined || !isOfLyingUrl(known)) invalidations.keep(key.text, unseen);
    removeStored(key, exchange, hosts);
  }
}

/** Invalidates the named groups of this origin (RFC 9875 §2.1, §3). */
function invalidateGroups(
  response: Response,
  { target }: PassedRequest,
  exchange: Exchange,
): readonly InvalidatedTarget[] {
  const groups = groupsIn(response.headers.get("cache-group-invalidation"));
  return groups.filter(isGroup).map((group) => {
    const tag = groupTag({ origin: originOf(target), group });
    exchange.site.invalidations.add(tag, exchange.nowAtMs());
    return { tag };
  });
}

/** Returns the origin in the spelling of keys. */
function originOf({ scheme, host }: Target): string {
  return `${scheme}://${host}`;
}
