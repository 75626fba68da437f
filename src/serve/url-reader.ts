// What a request's URL says by itself: its target, its route, what it is keyed by. Kept for URLs that
// come again, so that a hit reads none twice.
import { LRUCache } from "lru-cache";
import type { Config, Route } from "../config.ts";
import { type KeyedUrl, keyUrl } from "./key.ts";
import type { MatchRoute, RouteMatch } from "./policy.ts";
import { readTarget, type Target } from "./target.ts";

export interface UrlRead {
  /** As it came. */
  readonly target: Target;
  /** Below `/_cache/`, which is ours and never forwarded. */
  readonly isReserved: boolean;
  readonly route: Route;
  readonly parameters: RouteMatch["parameters"];
  readonly keyed: KeyedUrl;
}

/** Plain data: what it has read for one request, it gives to another. */
export type ReadUrl = (url: string) => UrlRead;

/** URLs are the client's to choose, so what is kept of them is bounded in bytes. */
const keptBytesMax = 1_048_576;

/** What a reading takes beside its texts, roughly. */
const objectBytes = 768;

/** Its text stands in the target, as it came and as it is keyed, and in the key. */
const readBytes = (url: string): number => objectBytes + 8 * url.length;

export function compileUrlReader(given: {
  config: Config;
  matchRoute: MatchRoute;
  siteHost: string | undefined;
}): ReadUrl {
  const { config, matchRoute, siteHost } = given;
  const kept = new LRUCache<string, UrlRead>({
    maxSize: keptBytesMax,
    sizeCalculation: (_, url) => readBytes(url),
  });
  return (url) => {
    const before = kept.get(url);
    if (before !== undefined) return before;
    const target = readTarget(url, siteHost);
    const { route, parameters } = matchRoute(target.path);
    const isOurs = isReserved(target.path) || isReserved(resolved(target));
    const keyed = keyUrl(target, route, config);
    const read: UrlRead = { target, isReserved: isOurs, route, parameters, keyed };
    kept.set(url, read);
    return read;
  };
}

/** Where a reader who resolves dot segments ends up, one who takes `//` for a host's among them. */
function resolved({ isAmbiguous, path }: Target): string {
  if (!isAmbiguous) return path;
  const site = "http://any.invalid";
  return readTarget((URL.parse(path, site) ?? new URL(site + path)).href).path;
}

/** With slashes doubled or encoded too: some reader behind us might take them for one. */
const reserved = /^(?:[/\\]|%2F|%5C)+_cache(?:[/\\]|%2F|%5C|$)/;

/** @param path normalised */
export function isReserved(path: string): boolean {
  return reserved.test(path);
}
