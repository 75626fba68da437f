// What is to be done with a request, by itself alone: refuse it, pass it by, or look it up.
import { matchesAny, type Config, type Route } from "../config.ts";
import { type RequestDirectives, requestDirectives } from "../http/cache-control.ts";
import type { ForwardReason } from "../http/cache-status.ts";
import type { Fields } from "../http/stored-response.ts";
import type { RecordKey } from "../tiers/record-key.ts";
import { sortCookies } from "./cookies.ts";
import { type ForwardedRequest, KeyedFields } from "./forwarded-fields.ts";
import { keyedUrl, primaryKey } from "./key.ts";
import type { MatchRoute, RouteMatch } from "./policy.ts";
import { keyedQuery, readTarget, type Target } from "./target.ts";

/** A request that may be answered from a stored response, with all that later steps ask of it. */
export interface Asked {
  readonly method: "GET" | "HEAD";
  /** Where the client's own preconditions and range are read from. */
  readonly conditions: Fields;
  readonly target: Target;
  readonly route: Route;
  readonly parameters: RouteMatch["parameters"];
  readonly key: RecordKey;
  /** The keyed URL, which a purge by URL names. */
  readonly url: string;
  readonly forwarded: KeyedFields;
  /** Those that are honoured (RFC 9111 §5.2.1); `only-if-cached` always is. */
  readonly directives: RequestDirectives;
  /** The cookies that are part of the key, as one field value. */
  readonly keyedCookies: string;
  /** Only responses that the origin shares explicitly may answer, and only such may be stored. */
  readonly hasUnknownCookie: boolean;
}

export type PassRule =
  | "method"
  | "route"
  | "authorization"
  | "upgrade"
  | "event-stream"
  | "precondition"
  | "ambiguous-path";

export interface Passed {
  readonly request: Request;
  readonly target: Target;
  readonly route: Route;
  readonly reason: ForwardReason;
  readonly rule: PassRule;
  readonly fields: ForwardedRequest;
}

export type Plan =
  /** Below `/_cache/`, which is ours and never forwarded. */
  { kind: "reserved" } | { kind: "pass"; passed: Passed } | { kind: "look-up"; asked: Asked };

const noDirectives: RequestDirectives = { noCache: false, noStore: false, onlyIfCached: false };

export function plan(
  request: Request,
  given: { config: Config; matchRoute: MatchRoute; siteHost: string | undefined },
): Plan {
  const { config, matchRoute, siteHost } = given;
  const target = readTarget(request.url, siteHost);
  if (isReserved(target.path) || isReserved(resolved(target))) return { kind: "reserved" };
  const { route, parameters } = matchRoute(target.path);
  const fields: ForwardedRequest = {
    client: request.headers,
    target,
    clientAddress: request.headers.get("cf-connecting-ip"),
  };
  const rule = passRule(request, target, route);
  if (rule !== undefined) {
    const reason = rule === "method" ? "method" : "bypass";
    return { kind: "pass", passed: { request, target, route, reason, rule, fields } };
  }
  return { kind: "look-up", asked: askedFor({ request, fields, route, parameters, config }) };
}

/** The same request as the isolate itself would make it: whole, unconditional, for storing. */
export function asRefresh(asked: Asked, selectsByCookie: boolean): Asked {
  return {
    ...asked,
    method: "GET",
    conditions: new Headers(),
    directives: noDirectives,
    // Nobody waits for it, so nobody's session need be in it.
    forwarded: selectsByCookie ? asked.forwarded : asked.forwarded.withCookies(asked.keyedCookies),
    hasUnknownCookie: asked.hasUnknownCookie && selectsByCookie,
  };
}

/** Where a reader who resolves dot segments ends up. */
function resolved({ isAmbiguous, path }: Target): string {
  return isAmbiguous ? readTarget(new URL(path, "http://any.invalid").href).path : path;
}

/** With slashes doubled or encoded too: some reader behind us might take them for one. */
const reserved = /^(?:[/\\]|%2F|%5C)+_cache(?:[/\\]|%2F|%5C|$)/;

/** @param path normalised */
export function isReserved(path: string): boolean {
  return reserved.test(path);
}

/** @returns why this request is neither answered from a stored response nor stored */
function passRule(request: Request, target: Target, route: Route): PassRule | undefined {
  const { headers, method } = request;
  if (headers.has("upgrade")) return "upgrade";
  if (method !== "GET" && method !== "HEAD") return "method";
  if (headers.has("authorization")) return "authorization";
  if (route.bypass) return "route";
  if (target.isAmbiguous) return "ambiguous-path";
  if (headers.get("accept")?.includes("text/event-stream") === true) return "event-stream";
  // RFC 9111 §4.3.2: these ask the origin for its word, not a cache.
  const hasPrecondition = headers.has("if-match") || headers.has("if-unmodified-since");
  return hasPrecondition ? "precondition" : undefined;
}

function askedFor(given: {
  request: Request;
  fields: ForwardedRequest;
  route: Route;
  parameters: RouteMatch["parameters"];
  config: Config;
}): Asked {
  const { request, fields, route, parameters, config } = given;
  const { cookies, ...keyed } = keyedAs({ fields, route, config });
  return {
    ...keyed,
    method: request.method === "HEAD" ? "HEAD" : "GET",
    conditions: request.headers,
    route,
    parameters,
    directives: honoured(request.headers, route),
    keyedCookies: cookies.keyed.join("; "),
    hasUnknownCookie: cookies.hasUnknown,
  };
}

/** What a request with these fields is keyed by on a route, and what its origin would see. */
export function keyedAs(given: { fields: ForwardedRequest; route: Route; config: Config }) {
  const { fields, route, config } = given;
  const { keyHeaders, honourRequestDirectives: honoursDirectives } = route;
  const target = keyedTarget(fields.target, route, config);
  const cookies = sortCookies({
    field: fields.client.get("cookie"),
    key: route.keyCookies,
    drop: [config.harmlessCookies, route.ignoreCookies],
  });
  const forwarded = new KeyedFields(
    { ...fields, target },
    { cookies: cookies.forwarded, keyHeaders, honoursDirectives },
  );
  const key = primaryKey({ target, forwarded, keyHeaders, keyedCookies: cookies.keyed });
  return { target, cookies, forwarded, key, url: keyedUrl(target) };
}

/** The target with that part of its query alone that counts on its route. */
export function keyedTarget(target: Target, route: Route, config: Config): Target {
  const allow = route.queryAllow;
  const counts = (name: string) =>
    !matchesAny(config.stripQuery, name) && (allow === undefined || matchesAny(allow, name));
  return { ...target, query: keyedQuery(target.query, counts) };
}

function honoured(headers: Headers, route: Route): RequestDirectives {
  if (!headers.has("cache-control") && !headers.has("pragma")) return noDirectives;
  const directives = requestDirectives(headers);
  if (route.honourRequestDirectives) return directives;
  return { ...noDirectives, onlyIfCached: directives.onlyIfCached };
}
