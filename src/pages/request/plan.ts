// Plans a request without I/O: reject the request, bypass the cache, or look up a stored response.
import type { Config, Route } from "../../config/config.ts";
import type { Admission, Gate, PhaseLines } from "../../part/port/phases.ts";
import { type RequestDirectives, requestDirectives } from "../../rules/cache-control.ts";
import type { ForwardReason } from "../../rules/cache-status.ts";
import type { FieldLine, Fields } from "../../rules/fields.ts";
import { contentMethod } from "../../rules/methods.ts";
import { dropDateConditions } from "../stored/build.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import { mayBePosition } from "../../purge/view/positions.ts";
import { positionName } from "../../protocol/purge-order.ts";
import {
  noCookies,
  positionIn,
  sortCookies,
  unknownCookies,
  withoutPosition,
} from "../../routing/cookies.ts";
import { type DecidedKey, decidedBy, linesOfRules } from "../../routing/decided-key.ts";
import {
  type ClientFields,
  ClientHead,
  copyOfFields,
  type RequestHead,
} from "../../routing/client-fields.ts";
import { hasCredential } from "../../routing/credential.ts";
import { KeyedFields } from "./forwarded-fields.ts";
import { type CfMember, keyedCf, primaryKey } from "../../routing/key.ts";
import type { Loops } from "../../routing/loops.ts";
import { fieldsFor, hasUnclearFields } from "../../routing/route-conditions.ts";
import type { RouteMatch } from "../../routing/routes.ts";
import type { Target } from "../../routing/target.ts";
import type { UrlRead } from "../../routing/url-reader.ts";

/** A request that a stored response may answer, with everything that later steps need. */
export interface LookupRequest {
  readonly method: "GET" | "HEAD";
  /** The client's fields, for its preconditions and range. */
  readonly conditions: Fields;
  readonly target: Target;
  readonly route: Route;
  readonly parameters: RouteMatch["parameters"];
  readonly key: RecordKey;
  /** The query as the client sent it. The key may contain only a part of the query. */
  readonly sentQuery: string;
  /** The URL that a purge names, as in `KeyedUrl`. */
  readonly url: string;
  readonly forwarded: KeyedFields;
  /** The honored directives (RFC 9111 §5.2.1). `only-if-cached` is always honored. */
  readonly directives: RequestDirectives;
  /** The cookies that are part of the key, as one field value. */
  readonly keyedCookies: string;
  /** The members of `request.cf` that are part of the key. */
  readonly cf: readonly CfMember[];
  /**
   * Whether an unknown cookie reaches the origin. If so, only explicitly shared responses may
   * answer the request, and the response to the request is stored only if it is explicitly shared.
   */
  readonly hasUnknownCookie: boolean;
  /** The position of a purge that the client has sent; not yet checked. */
  readonly position?: string | undefined;
  /** Whether the isolate makes the request itself, without a client's session and credentials. */
  readonly isAnonymous: boolean;
  /**
   * The content of a safe request with content. Its method is GET here: that of its equivalent resource
   * (RFC 10008 §2.2).
   */
  readonly content?: KeyedContent | undefined;
  /** The gate that has checked the client's credential, which the request no longer has. */
  readonly gate?: Gate | undefined;
  /** The rule by which a stale response suffices. */
  readonly staleBy?: string | undefined;
}

/** The content of a request, which is a part of its key (RFC 10008 §2.7). */
export interface KeyedContent {
  /** The line of the key: a digest of the content, with the fields that say how to read it. */
  readonly line: string;
  /** These fields, for the origin. */
  readonly fields: readonly FieldLine[];
  /** Returns the bytes as the client sent them. */
  readonly body: () => Request["body"];
}

/** The reason why a request bypasses the cache. */
export type PassRule =
  | "method"
  | "route"
  | "authorization"
  /** The request has a credential of the route's gate, which the gate has not checked. */
  | "unchecked"
  | "came-back"
  | "upgrade"
  | "event-stream"
  | "precondition"
  | "ambiguous-path"
  /** Servers may read different values of what the key or a condition needs. */
  | "ambiguous-value"
  | "long-url"
  | "switch"
  /** The handler would see the context of this client, who has a cookie or a credential. */
  | "caller"
  /** A request whose content is not, or cannot be, a part of a key. */
  | "unkeyed-content"
  /** A rule that gives values of the key has failed. */
  | "part-failed";

/** A request that bypasses the cache. */
export interface PassedRequest {
  readonly request: Request;
  /** The client's address; `undefined` if Cloudflare has written it into the request. */
  readonly address: string | null | undefined;
  readonly target: Target;
  /** The URL that a purge names, as in `KeyedUrl`. */
  readonly url: string;
  readonly route: Route;
  readonly reason: ForwardReason;
  readonly rule: PassRule;
  /** The fields that rules give the origin. */
  readonly lines: PhaseLines;
  /** The names of the client's conditions that parts drop. */
  readonly ignored: readonly string[];
}

export type Plan =
  /** A path below `/_cache/`. */
  | { kind: "reserved" }
  /** An invalid host, or a path that may belong to another origin (`OtherReading.isRefused`). */
  | { kind: "refuse"; route: Route }
  | { kind: "pass"; passed: PassedRequest }
  | { kind: "lookup"; request: LookupRequest };

const noDirectives: RequestDirectives = requestDirectives(new Headers());
const noCf: readonly CfMember[] = [];

/** The input of a plan. */
export interface PlanContext {
  readonly site: {
    readonly config: Config;
    readonly loops: Loops;
  };
  /** The client's address, `null` if unknown; `undefined` if Cloudflare writes it into each request. */
  readonly address: string | null | undefined;
  /** The content, once it has arrived. */
  readonly content?: KeyedContent | undefined;
  /** The result of the rules that decide before the lookup; `undefined` without such rules. */
  readonly admission?: Admission | undefined;
}

/**
 * Plans one request, without I/O. Never throws.
 *
 * @param read the parts of the request's URL
 */
export function plan(request: Request, read: UrlRead, given: PlanContext): Plan {
  if (read.isReserved) return { kind: "reserved" };
  const isUnclear = read.target.isAmbiguous && read.route.traits.isGated === true;
  if (read.target.host === "" || read.otherwise?.isRefused === true || isUnclear) {
    return { kind: "refuse", route: read.route };
  }
  const { route } = read;
  const by = decidedBy(request, route, given);
  const asking = new ClientHead(request, by.gate);
  const { gate } = route.phases;
  const isUnchecked =
    gate !== undefined && by.gate === undefined && hasCredential(request, read, gate);
  const rule = by.isFailed
    ? "part-failed"
    : (passRule(asking, read, given) ?? (isUnchecked ? "unchecked" : undefined));
  if (rule === undefined) return { kind: "lookup", request: askedFor(asking, read, given, by) };
  return { kind: "pass", passed: passedRequest(rule, request, read, { ...given, by }) };
}

/**
 * Returns a request that bypasses the cache.
 *
 * @param given.by what rules decide on the key; by default, asks them
 */
export function passedRequest(
  rule: PassRule,
  request: Request,
  read: UrlRead,
  given: Pick<PlanContext, "address" | "admission"> & { readonly by?: DecidedKey },
): PassedRequest {
  const { target, route, keyed } = read;
  const { address, by = decidedBy(request, route, given) } = given;
  const reason = rule === "method" ? "method" : "bypass";
  const lines = linesOfRules(by);
  const ignored = ignoredIn(request, read);
  return { request, address, target, url: keyed.url, route, reason, rule, lines, ignored };
}

/**
 * Returns the request that the isolate itself makes: unconditional, and for the whole response.
 *
 * @param selecting the names of the fields that select the response
 */
export function asRefresh(request: LookupRequest, selecting: readonly string[]): LookupRequest {
  const selectsByCookie = selecting.includes("cookie");
  const forwarded = request.forwarded.withoutCredentials(selecting);
  return {
    ...request,
    method: "GET",
    conditions: new Headers(),
    directives: noDirectives,
    // No client waits for the response, so the request has no session cookie.
    forwarded: selectsByCookie ? forwarded : forwarded.withCookies(request.keyedCookies),
    hasUnknownCookie: request.hasUnknownCookie && selectsByCookie,
    isAnonymous: true,
  };
}

/** Returns the request with more fields forwarded: those by which the response varies. */
export function askedWith(request: LookupRequest, names: readonly string[]): LookupRequest {
  if (names.every((name) => request.forwarded.reaches(name))) return request;
  const forwarded = request.forwarded.withSelecting(names);
  const hasUnknownCookie =
    forwarded.reaches("cookie") && unknownCookies(forwarded, request.route).length > 0;
  return { ...request, forwarded, hasUnknownCookie };
}

/** Returns why this request bypasses the cache; `undefined` if it does not. */
function passRule(
  request: RequestHead,
  read: UrlRead,
  { site: { loops }, content }: PlanContext,
): PassRule | undefined {
  const { headers, method } = request;
  const { target, keyed, route, otherwise } = read;
  if (headers.has("upgrade")) return "upgrade";
  const hasContent = method === contentMethod && route.traits.keysContent === true;
  if (method !== "GET" && method !== "HEAD" && !hasContent) return "method";
  if (headers.has("authorization")) return "authorization";
  const via = headers.get("via");
  if (via !== null && loops.hasReturned(via)) return "came-back";
  if (route.bypass) return "route";
  if (target.isAmbiguous || otherwise !== undefined) return "ambiguous-path";
  if (read.hasUnclearQuery || hasUnclearFields(headers, read)) return "ambiguous-value";
  if (keyed.isTooLong) return "long-url";
  if (headers.get("accept")?.includes("text/event-stream") === true) return "event-stream";
  if (hasPrecondition(headers)) return "precondition";
  return hasContent && content === undefined ? "unkeyed-content" : undefined;
}

/** Returns whether a request has a precondition that only the origin can evaluate (RFC 9111 §4.3.2). */
export const hasPrecondition = (fields: Fields): boolean =>
  fields.has("if-match") || fields.has("if-unmodified-since");

function askedFor(
  request: RequestHead,
  read: UrlRead,
  given: PlanContext,
  by: DecidedKey,
): LookupRequest {
  const { target, route, parameters, keyed } = read;
  const { site, address, content, admission } = given;
  const settings = { config: site.config, address, by };
  const { cookies, keyedCookies, cf, forwarded, key, position } = keyedAs(request, read, settings);
  const sent = request.headers.get(positionName);
  return {
    method: request.method === "HEAD" ? "HEAD" : "GET",
    conditions: conditionsOf(request, read),
    target: keyed.target,
    route,
    parameters,
    // The content may be a secret of the client, and could be guessed by its digest.
    key: content === undefined ? key : key.with(content.line, true),
    content,
    sentQuery: target.query,
    url: keyed.url,
    forwarded,
    directives: honoured(request.headers, route),
    keyedCookies,
    cf,
    hasUnknownCookie: cookies.hasUnknown && forwarded.reaches("cookie"),
    position: sent !== null && mayBePosition(sent) ? sent : position,
    isAnonymous: false,
    gate: by.gate,
    staleBy: admission?.staleBy,
  };
}

/** Returns the client's fields, without the conditions that do not apply on the route. */
export function conditionsOf(request: RequestHead, read: UrlRead): ClientFields {
  const { builds } = read.route;
  const fields = builds === undefined ? request.headers : undated(request.headers);
  if (read.route.phases.ignores === undefined) return fields;
  const kept = copyOfFields(fields);
  for (const name of ignoredIn(request, read)) kept.delete(name);
  return kept;
}

/** Returns the names of the client's conditions that parts of the route drop. */
const ignoredIn = (request: RequestHead, read: UrlRead): readonly string[] =>
  read.route.phases.ignores?.(request, read) ?? [];

/** Returns the client's fields without conditions on dates. Copies only fields that have one. */
function undated(fields: ClientFields): ClientFields {
  if (!fields.has("if-modified-since") && !fields.has("if-range")) return fields;
  const kept = copyOfFields(fields);
  dropDateConditions(kept);
  return kept;
}

/** Returns a request's cache key, its parts, and the fields for the origin. */
export function keyedAs(
  request: Pick<RequestHead, "headers" | "cf">,
  { keyed, route, withheld }: Pick<UrlRead, "keyed" | "route" | "withheld">,
  {
    config,
    address,
    by: { gate, values },
  }: { readonly config: Config; readonly by: DecidedKey } & Pick<PlanContext, "address">,
) {
  const { keyHeaders, keyCf, when } = route;
  const client = fieldsFor(request, route, { withheld, values });
  const cf = keyCf.length === 0 ? noCf : keyedCf(route, request.cf);
  const field = client.get("cookie");
  const position = field === null ? undefined : positionIn(field);
  const own = position === undefined ? field : withoutPosition(field ?? "");
  const cookies = own === null ? noCookies : sortCookies(own, route, config);
  const keyedCookies = cookies.keyed.join("; ");
  const by = { cookies: cookies.forwarded, keyedCookies, route, constants: gate?.constants };
  const forwarded = new KeyedFields(
    { client, target: keyed.target, address, traits: route.traits },
    by,
  );
  const hasFacets = keyHeaders.length + cookies.keyed.length + cf.length > 0 || when !== undefined;
  const facets = { route, cookies: cookies.keyed, cf, forwarded };
  const shared = hasFacets ? primaryKey(keyed, facets) : keyed.key;
  // No request that the gate has not checked has this key, on any route. Rules of two routes may have one name.
  const line = gate && `gate ${JSON.stringify([gate.name, route.name])}`;
  const key = line === undefined ? shared : shared.with(line, false);
  return { cookies, keyedCookies, cf, forwarded, key, position };
}

function honoured(headers: Fields, route: Route): RequestDirectives {
  if (!headers.has("cache-control") && !headers.has("pragma")) return noDirectives;
  const directives = requestDirectives(headers);
  if (route.honourRequestDirectives) return directives;
  return { ...noDirectives, onlyIfCached: directives.onlyIfCached };
}
