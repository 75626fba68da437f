// Reads a request's URL: its target, route, key and named URL. Results are memoized, so repeated
// requests of a URL do not parse it again.
import { BoundedMap } from "../base/bounded-map.ts";
import { isOperatorHost } from "../base/operator-host.ts";
import type { Config, Route } from "../config/config.ts";
import { isWithin } from "../config/origin-place.ts";
import { type KeyedUrl, type KeySettings, keyUrl } from "./key.ts";
import {
  compileMet,
  type ConditionalRequest,
  isUnclearQuery,
  withheldFor,
  type WithheldNames,
} from "./route-conditions.ts";
import type { MatchRoute, RouteMatch } from "./routes.ts";
import { normalisedEscapes } from "../rules/escapes.ts";
import { readingsOf, isReserved } from "./path-readings.ts";
import { pathForOrigin, readTarget, type Target, undecodedPath } from "./target.ts";

export interface UrlRead {
  /** The target with its whole query. */
  readonly target: Target;
  /**
   * Whether the path is below `/_cache/` or `operatorPath`, or the host is `operatorHost`. Such requests are
   * never forwarded.
   */
  readonly isReserved: boolean;
  readonly route: Route;
  /** Another reading of the path that leads to another route; `undefined` if there is none. */
  readonly otherwise: OtherReading | undefined;
  readonly parameters: RouteMatch["parameters"];
  readonly keyed: KeyedUrl;
  /** The names that the route withholds from the origin; `undefined` for none. */
  readonly withheld: WithheldNames | undefined;
  /** Whether servers may read different values of a parameter that a condition compares. */
  readonly hasUnclearQuery: boolean;
}

/** Another reading of a path. */
export interface OtherReading {
  /** `undefined` if there are too many readings to examine. */
  readonly as: { readonly path: string; readonly route: Route } | undefined;
  /** Whether no origin may receive the path, because the path may belong to another origin. */
  readonly isRefused: boolean;
}

/** The input of a reader. */
export type RequestUrl = Pick<Request, "url" | "method">;

/**
 * Reads a URL. Requests with the same URL may get the same object.
 *
 * @param client the request with the client's fields and country; without it, no condition on these is met
 */
export type ReadUrl = (request: RequestUrl, client?: ConditionalRequest) => UrlRead;

/** Clients choose URLs, so the memoized results have a limit in bytes. */
const keptBytesMax = 1_048_576;

/** The approximate size of a result without its strings. */
const objectBytes = 768;

/** The size includes the URL several times: in the target, the keyed target and the key. */
const readBytes = (name: string): number => objectBytes + 8 * name.length;

/** The settings for reading a site's URLs. */
export interface SiteUrls extends KeySettings {
  readonly matchRoute: MatchRoute;
  /**
   * The site's hosts. Every other host maps to the first of these hosts. If the list is empty, each
   * host is a site of its own.
   */
  readonly siteHosts: readonly string[];
}

/** Returns the reader of an isolate, with its memoized results. */
export function compileUrlReader(site: SiteUrls): ReadUrl {
  const { config, matchRoute, siteHosts } = site;
  const kept = new BoundedMap<UrlRead>({
    sizeMax: keptBytesMax,
    sizeOf: (_, name) => readBytes(name),
  });
  const { routes } = config;
  const isOneForAll = config.routes.length === 0;
  const origins = new Set([...config.routes, config.anywhere].map(({ origin }) => origin));
  const hasOthers = origins.size > 1 || routes.some(({ traits }) => traits.isGated);
  const routesMet = compileMet(routes);
  const namesMethods = config.routes.some(({ methods }) => methods !== undefined);
  return (request, client) => {
    const { url } = request;
    const other = namesMethods ? otherMethod(request) : undefined;
    const met = routesMet(client);
    const named = other === undefined ? url : `${other} ${url}`;
    // No method contains a colon, so that no client can choose a name of another kind.
    const name =
      met.length === 0 ? named : `${met.map((one) => routes.indexOf(one)).join(":")}: ${named}`;
    const before = kept.get(name);
    if (before !== undefined) return before;
    const requested = readTarget(url, siteHosts);
    const { route, parameters, passedOver } = matchRoute(requested, other, met);
    const { place } = route;
    const target = place === undefined ? requested : { ...requested, place };
    const keyed = keyUrl(target, route, site);
    const isOurs =
      isOperatorHost(target.ownHost, config.operatorHost) ||
      [target.path, target.writtenPath].some((path) => isReserved(path, config.operatorPath));
    const matched = (path: string) => matchRoute({ ...target, path }, other, met).route;
    const otherwise = isOneForAll
      ? undefined
      : (readOutside(target, route, config) ??
        readOtherwise(target, route, { matched, hasOthers }));
    const read: UrlRead = {
      target,
      isReserved: isOurs,
      route,
      otherwise,
      parameters,
      keyed,
      withheld: withheldFor(route, passedOver),
      hasUnclearQuery: isUnclearQuery(target.query, [route, ...passedOver]),
    };
    kept.set(name, read);
    return read;
  };
}

/**
 * Returns a reading of the path for the origin that is outside of the route's `origin.to`, or below the
 * operator's path; `undefined` if there is none.
 */
function readOutside(
  target: Target,
  route: Route,
  { operatorPath }: Config,
): OtherReading | undefined {
  const to = target.place?.to;
  if (to === undefined) return undefined;
  const path = normalisedEscapes(pathForOrigin({ ...target, query: "" }));
  const readings = readingsOf(path);
  if (readings === undefined) return { as: undefined, isRefused: true };
  const isOutside = (reading: string) =>
    !isWithin(reading, to) || isReserved(reading, operatorPath);
  const outside = [path, ...readings].find(isOutside);
  return outside === undefined ? undefined : { as: { path: outside, route }, isRefused: true };
}

/** Returns a path without the spaces inside its names, which files often have. */
const withoutSpaces = (path: string): string => path.replaceAll(/(?<=\w)(?:%20)+(?=\w)/g, "");

interface Routes {
  readonly matched: (path: string) => Route;
  /** Whether the site has more than one origin, or a gate. */
  readonly hasOthers: boolean;
}

/**
 * Returns a reading that leads to another origin, or else a reading that leads to another route;
 * `undefined` if every reading leads to the same route.
 */
function readOtherwise(
  target: Target,
  { name, origin, traits }: Route,
  { matched, hasOthers }: Routes,
): OtherReading | undefined {
  const readings = readingsOf(target.path);
  if (readings === undefined) return { as: undefined, isRefused: hasOthers };
  let elsewhere: OtherReading | undefined;
  const undecoded = undecodedPath(target);
  if (undecoded !== target.path) {
    // This reading is never refused, because both spellings are equivalent (RFC 3986 §6.2.2.2).
    const as = { path: undecoded, route: matched(undecoded) };
    if (as.route.name !== name) elsewhere = { as, isRefused: false };
  }
  for (const reading of readings) {
    const route = matched(reading);
    const as = { path: reading, route };
    // The gate of the other route has not checked this request.
    const isGated = route.traits.isGated === true || traits.isGated === true;
    const isElsewhere = route.origin !== origin || (isGated && route.name !== name);
    // A gate decides by the path, which the origin may read differently.
    const isUnchecked =
      traits.isGated === true && ![target.path, withoutSpaces(target.path)].includes(reading);
    if (isElsewhere || isUnchecked) return { as, isRefused: true };
    if (route.name !== name) elsewhere ??= { as, isRefused: false };
  }
  return elsewhere;
}

/** Returns the method if it is not GET or HEAD, which share routes and stored responses. */
function otherMethod({ method }: RequestUrl): string | undefined {
  return method === "GET" || method === "HEAD" ? undefined : method;
}
