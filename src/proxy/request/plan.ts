// What is to be done with a request, by itself alone: refuse it, pass it by, or look it up.
import type { Config, Route } from "../../config/config.ts";
import { type RequestDirectives, requestDirectives } from "../../rules/cache-control.ts";
import type { ForwardReason } from "../../rules/cache-status.ts";
import type { Fields } from "../../rules/fields.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { noCookies, sortCookies, unknownCookies } from "./cookies.ts";
import { KeyedFields } from "./forwarded-fields.ts";
import { type CfMember, keyedCf, primaryKey } from "./key.ts";
import type { Loops } from "./loops.ts";
import type { RouteMatch } from "./routes.ts";
import type { Target } from "./target.ts";
import type { UrlRead } from "./url-reader.ts";

/** A request that may be answered from a stored response, with all that later steps ask of it. */
export interface Asked {
  readonly method: "GET" | "HEAD";
  /** Where the client's own preconditions and range are read from. */
  readonly conditions: Fields;
  readonly target: Target;
  readonly route: Route;
  /** The prefix under which it is counted; empty for none. */
  readonly prefix: string;
  readonly parameters: RouteMatch["parameters"];
  readonly key: RecordKey;
  /** The query as the client sent it, which the key may hold a part of. */
  readonly sentQuery: string;
  /** The keyed URL, which a purge by URL names. */
  readonly url: string;
  readonly forwarded: KeyedFields;
  /** Those that are honoured (RFC 9111 §5.2.1); `only-if-cached` always is. */
  readonly directives: RequestDirectives;
  /** The cookies that are part of the key, as one field value. */
  readonly keyedCookies: string;
  /** The members of `request.cf` that are part of the key. */
  readonly cf: readonly CfMember[];
  /**
   * One reaches the origin: only responses that the origin shares explicitly may answer, and only
   * such may be stored.
   */
  readonly hasUnknownCookie: boolean;
  /** The isolate asks for itself: with what the key and `Vary` name, and nothing else of a client. */
  readonly isAnonymous: boolean;
}

/** Why a request is passed by. */
export type PassRule =
  | "method"
  | "route"
  | "authorization"
  | "came-back"
  | "upgrade"
  | "event-stream"
  | "precondition"
  | "ambiguous-path"
  | "switch";

/** A request that goes straight to its origin. */
export interface Passed {
  readonly request: Request;
  /** The client's address; `undefined`: Cloudflare has written it into the request. */
  readonly address: string | null | undefined;
  readonly target: Target;
  /** The keyed URL, as for what is looked up. */
  readonly url: string;
  readonly route: Route;
  /** The prefix under which it is counted; empty for none. */
  readonly prefix: string;
  readonly reason: ForwardReason;
  readonly rule: PassRule;
}

export type Plan =
  /** Below `/_cache/`. */
  | { kind: "reserved" }
  /** Its host cannot be read, or its path belongs to another origin by some reading. */
  | { kind: "refuse"; route: Route; prefix: string }
  | { kind: "pass"; passed: Passed }
  | { kind: "look-up"; asked: Asked };

const noDirectives: RequestDirectives = requestDirectives(new Headers());
const noCf: readonly CfMember[] = [];

/** What a plan is made with. */
export interface Planning {
  readonly site: { readonly config: Config; readonly loops: Pick<Loops, "hasComeBack"> };
  /** The client's address, `null` if unknown; `undefined`: Cloudflare writes it into each request. */
  readonly address: string | null | undefined;
}

/** The part of it that makes keys. */
interface Keying extends Pick<Planning, "address"> {
  readonly site: Pick<Planning["site"], "config">;
}

/**
 * Reads one request; it asks no tier and no origin, and throws nothing.
 *
 * @param read what its URL says
 */
export function plan(request: Request, read: UrlRead, given: Planning): Plan {
  if (read.isReserved) return { kind: "reserved" };
  if (read.target.host === "" || read.otherwise?.isRefused === true) {
    return { kind: "refuse", route: read.route, prefix: read.prefix };
  }
  const rule = passRule(request, read, given.site.loops);
  if (rule === undefined) return { kind: "look-up", asked: askedFor(request, read, given) };
  const { address } = given;
  const { target, route, keyed, prefix } = read;
  const reason = rule === "method" ? "method" : "bypass";
  const passed = { request, address, target, url: keyed.url, route, prefix, reason, rule } as const;
  return { kind: "pass", passed };
}

/**
 * The same request as the isolate itself would make it: whole, unconditional, for storing.
 *
 * @param selecting names of the fields that select the response
 */
export function asRefresh(asked: Asked, selecting: readonly string[]): Asked {
  const selectsByCookie = selecting.includes("cookie");
  const forwarded = asked.forwarded.withoutCredentials(selecting);
  return {
    ...asked,
    method: "GET",
    conditions: new Headers(),
    directives: noDirectives,
    // Nobody waits for it, so nobody's session need be in it.
    forwarded: selectsByCookie ? forwarded : forwarded.withCookies(asked.keyedCookies),
    hasUnknownCookie: asked.hasUnknownCookie && selectsByCookie,
    isAnonymous: true,
  };
}

/** The same request, of which the origin gets these fields, too, since its answer varies by them. */
export function askedWith(asked: Asked, names: readonly string[]): Asked {
  if (asked.route.forward === undefined || names.length === 0) return asked;
  const forwarded = asked.forwarded.withSelecting(names);
  const hasUnknownCookie =
    forwarded.reaches("cookie") && unknownCookies(forwarded, asked.route).length > 0;
  return { ...asked, forwarded, hasUnknownCookie };
}

/** @returns why this request is neither answered from a stored response nor stored */
function passRule(
  request: Request,
  { target, route, otherwise }: UrlRead,
  loops: Pick<Loops, "hasComeBack">,
): PassRule | undefined {
  const { headers, method } = request;
  if (headers.has("upgrade")) return "upgrade";
  if (method !== "GET" && method !== "HEAD") return "method";
  if (headers.has("authorization")) return "authorization";
  const via = headers.get("via");
  if (via !== null && loops.hasComeBack(via)) return "came-back";
  if (route.bypass) return "route";
  if (target.isAmbiguous || otherwise !== undefined) return "ambiguous-path";
  if (headers.get("accept")?.includes("text/event-stream") === true) return "event-stream";
  // RFC 9111 §4.3.2: these ask the origin for its word, not a cache.
  const hasPrecondition = headers.has("if-match") || headers.has("if-unmodified-since");
  return hasPrecondition ? "precondition" : undefined;
}

function askedFor(request: Request, read: UrlRead, given: Planning): Asked {
  const { target, route, prefix, parameters, keyed } = read;
  const { cookies, keyedCookies, cf, forwarded, key } = keyedAs(request, read, given);
  return {
    method: request.method === "HEAD" ? "HEAD" : "GET",
    conditions: request.headers,
    target: keyed.target,
    route,
    prefix,
    parameters,
    key,
    sentQuery: target.query,
    url: keyed.url,
    forwarded,
    directives: honoured(request.headers, route),
    keyedCookies,
    cf,
    hasUnknownCookie: cookies.hasUnknown && forwarded.reaches("cookie"),
    isAnonymous: false,
  };
}

/** What a request is keyed by on a route, and what its origin would see. */
export function keyedAs(
  request: Pick<Request, "headers" | "cf">,
  { keyed, route }: Pick<UrlRead, "keyed" | "route">,
  { site: { config }, address }: Keying,
) {
  const { keyHeaders, keyCf } = route;
  const client = request.headers;
  const cf = keyCf.length === 0 ? noCf : keyedCf(route, request.cf);
  const field = client.get("cookie");
  const cookies = field === null ? noCookies : sortCookies(field, route, config);
  const keyedCookies = cookies.keyed.join("; ");
  const by = { cookies: cookies.forwarded, keyedCookies, route };
  const forwarded = new KeyedFields({ client, target: keyed.target, address }, by);
  const hasFacets = keyHeaders.length + cookies.keyed.length + cf.length > 0;
  const key = hasFacets ? primaryKey(keyed, keyHeaders, cookies.keyed, cf, forwarded) : keyed.key;
  return { cookies, keyedCookies, cf, forwarded, key };
}

function honoured(headers: Headers, route: Route): RequestDirectives {
  if (!headers.has("cache-control") && !headers.has("pragma")) return noDirectives;
  const directives = requestDirectives(headers);
  if (route.honourRequestDirectives) return directives;
  return { ...noDirectives, onlyIfCached: directives.onlyIfCached };
}
