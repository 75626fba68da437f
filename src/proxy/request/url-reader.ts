// What a request's URL says by itself: its target, its route, what it is keyed by. Kept for URLs that
// come again, so that a hit reads none twice.
import { LRUCache } from "lru-cache";
import type { Config, Route } from "../../config/config.ts";
import { type KeyedUrl, keyUrl } from "./key.ts";
import type { MatchRoute, RouteMatch } from "./routes.ts";
import { readingsOf } from "./path-readings.ts";
import { isReserved } from "./reserved.ts";
import { pathSpelled, readTarget, type Target } from "./target.ts";

export interface UrlRead {
  /** As it came. */
  readonly target: Target;
  /** Below `/_cache/` or `operatorPath`, which are ours and never forwarded. */
  readonly isReserved: boolean;
  readonly route: Route;
  /** What some origin may take its path for, where that has another route; `undefined` for nothing. */
  readonly otherwise: Otherwise | undefined;
  /** The name of the longest prefix of `metrics.prefixes` that the keyed path begins with; empty for none. */
  readonly prefix: string;
  readonly parameters: RouteMatch["parameters"];
  readonly keyed: KeyedUrl;
}

/** Another reading of a path. */
export interface Otherwise {
  /** `undefined` for more readings than can be looked at. */
  readonly as: { readonly path: string; readonly route: Route } | undefined;
  /** No origin may be sent such a path: by its reading the path belongs to another one. */
  readonly isRefused: boolean;
}

/** What a reading is made of. */
export type UrlAsked = Pick<Request, "url" | "method">;

/** Plain data: what it has read for one request, it gives to another. */
export type ReadUrl = (request: UrlAsked) => UrlRead;

/** URLs are the client's to choose, so what is kept of them is bounded in bytes. */
const keptBytesMax = 1_048_576;

/** What a reading takes beside its texts, roughly. */
const objectBytes = 768;

/** Its text stands in the target, as it came and as it is keyed, and in the key. */
const readBytes = (name: string): number => objectBytes + 8 * name.length;

/** What the URLs of a site are read by. */
export interface SiteUrls {
  readonly config: Config;
  readonly matchRoute: MatchRoute;
  /** The hosts that all others count as; empty for each its own. */
  readonly siteHosts: readonly string[];
}

/** Makes the reader of an isolate, which keeps what it has read under a bound in bytes. */
export function compileUrlReader({ config, matchRoute, siteHosts }: SiteUrls): ReadUrl {
  const kept = new LRUCache<string, UrlRead>({
    maxSize: keptBytesMax,
    sizeCalculation: (_, name) => readBytes(name),
  });
  const prefixOf = compilePrefixes(config);
  const isOneForAll = config.routes.length === 0;
  const origins = new Set([...config.routes, config.anywhere].map(({ origin }) => origin));
  const namesMethods = config.routes.some(({ methods }) => methods !== undefined);
  return (request) => {
    const { url } = request;
    const other = namesMethods ? otherMethod(request) : undefined;
    const name = other === undefined ? url : `${other} ${url}`;
    const before = kept.get(name);
    if (before !== undefined) return before;
    const target = readTarget(url, siteHosts);
    const { route, parameters } = matchRoute(target, other);
    const keyed = keyUrl(target, route, config);
    const isOurs = [target.path, target.writtenPath].some((path) =>
      isReserved(path, config.operatorPath),
    );
    const matched = (path: string) => matchRoute({ ...target, path }, other).route;
    const otherwise = isOneForAll
      ? undefined
      : readOtherwise(target, route, { matched, hasOthers: origins.size > 1 });
    const prefix = prefixOf(keyed.target.path);
    const read: UrlRead = {
      target,
      isReserved: isOurs,
      route,
      otherwise,
      prefix,
      parameters,
      keyed,
    };
    kept.set(name, read);
    return read;
  };
}

interface Routes {
  readonly matched: (path: string) => Route;
  /** Do they lead to more than one origin? */
  readonly hasOthers: boolean;
}

/** Looks for a reading that leads to another origin, or at least to another route. */
function readOtherwise(
  { path }: Target,
  { name, origin }: Route,
  { matched, hasOthers }: Routes,
): Otherwise | undefined {
  const readings = readingsOf(path);
  if (readings === undefined) return { as: undefined, isRefused: hasOthers };
  let elsewhere: Otherwise | undefined;
  for (const reading of readings) {
    const route = matched(reading);
    const as = { path: reading, route };
    if (route.origin !== origin) return { as, isRefused: true };
    if (route.name !== name) elsewhere ??= { as, isRefused: false };
  }
  return elsewhere;
}

function compilePrefixes({ metrics }: Pick<Config, "metrics">): (path: string) => string {
  const spelled = metrics.prefixes.map(({ name, path }) => ({ name, path: pathSpelled(path) }));
  const longestFirst = spelled.toSorted((a, b) => b.path.length - a.path.length);
  return (path) => longestFirst.find((prefix) => path.startsWith(prefix.path))?.name ?? "";
}

/** HEAD takes the route of GET, with which it shares what is stored. */
function otherMethod({ method }: UrlAsked): string | undefined {
  return method === "GET" || method === "HEAD" ? undefined : method;
}
