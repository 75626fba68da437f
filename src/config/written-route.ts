// A route as the operator writes it. Each field documents its meaning, unit, default and an example.
// `route-options.ts` has the schema, which must have the same fields to compile: types of the package
// must not import those of Valibot.
import type { RoutePart } from "../part/port/part.ts";
import type { PathParameters, Patterns } from "../part/port/path-parameters.ts";
import type { NamePattern } from "./known-names.ts";
import type { Device } from "./normal-forms.ts";
import type { TierName } from "./tier-names.ts";
import type {
  strippableFields,
  WrittenAnonymous,
  WrittenAnswerConditions,
  WrittenCredentialFields,
  WrittenErrorPage,
  WrittenRequest,
  WrittenResponse,
  WrittenRouteOrigin,
} from "./written-origin.ts";
import type { WrittenRoutePurge } from "./written-purge.ts";

/**
 * A whole number with `s`, `m`, `h` or `d`, such as `"90s"`, `"5m"`, `"12h"` or `"365d"`. The parameter only makes
 * the compiler's errors show an example.
 */
export type Duration<Example extends `${bigint}m` = "5m"> =
  | `${bigint}s`
  | `${bigint}m`
  | `${bigint}h`
  | `${bigint}d`
  | Example;

/** Lifetimes by status, such as `{ 200: "60s", 301: "1h" }`. */
export type Lifetimes = { readonly [status: number]: Duration };

/** Lifetimes of redirects and errors by status. `"origin"`: the lifetime that the origin gives. */
export type NegativeLifetimes = { readonly [status: number]: Duration | "origin" };

/**
 * Rules for the requests that match a pattern.
 *
 * @typeParam Match the patterns, from which `defineConfig` infers the parameters of `tags`
 */
export interface WrittenRoute<Match extends Patterns = Patterns> {
  /** Name in statistics, errors and purges. Required. @example name: "articles" */
  readonly name: string;
  /**
   * A pattern, or a list of patterns. In a path, `*` matches any text and `:name` one segment. A
   * backslash makes the next character a literal. A host, or `*.` and a name for all hosts below it,
   * may precede the path. Required.
   * @example match: "/articles/:slug"
   * @example match: ["/me/*", "/*.pdf"]
   * @example match: ["shop.example/*", "*.shop.example/*"]
   */
  readonly match: Match;
  /**
   * Methods that the route handles, in capital letters; GET includes HEAD. Default: all of them, except
   * those that command a cache, such as PURGE.
   * @example methods: ["POST", "PUT"]
   */
  readonly methods?: readonly string[] | undefined;
  /**
   * Conditions: if a request does not meet all of them, a later route applies. Default: none.
   * @example when: { cookie: ["session", "wordpress_logged_in_*"] }
   * @example when: { header: { "x-app": ["ios", "android"] }, country: ["DE", "AT"] }
   */
  readonly when?: WrittenWhen | undefined;
  /**
   * Changes of the fields that the origin gets. Default: none.
   * @example request: { headers: { set: { "x-env": "live" } } }
   */
  readonly request?: WrittenRequest | undefined;
  /**
   * Changes of the fields that clients get. They are not stored. Default: none.
   * @example response: { headers: { set: { "x-frame-options": "DENY" }, remove: ["server"] } }
   */
  readonly response?: WrittenResponse | undefined;
  /**
   * A page in place of Tidemark's own 502, 503 and 504, for clients that accept HTML. Default: none.
   * @example errorPage: { html: "<h1>Back soon</h1>" }
   */
  readonly errorPage?: WrittenErrorPage | undefined;
  /** Sends requests straight to the origin and stores nothing. Default: `false`. @example bypass: true */
  readonly bypass?: boolean | undefined;
  /**
   * `"override"`: `fresh` and `negative` precede the origin's lifetime. Default: `"default"`.
   * @example mode: "override"
   */
  readonly mode?: "default" | "override" | undefined;
  /**
   * A name in `origins`. An object for another path or host than the site's. Default: `"default"`.
   * @example origin: "bucket"
   * @example origin: { name: "blog", from: "/blog" }
   */
  readonly origin?: string | WrittenRouteOrigin | undefined;
  /**
   * Lifetime if the origin gives none. A single duration is for cacheable responses that are not
   * errors. Default: none.
   * @example fresh: "5m"
   * @example fresh: { 200: "60s", 301: "1h" }
   */
  readonly fresh?: Duration | Lifetimes | undefined;
  /**
   * Lifetimes of redirects and errors by status. Default: none.
   * @example negative: { 404: "30s", 503: "origin" }
   */
  readonly negative?: NegativeLifetimes | undefined;
  /**
   * Lifetime in browsers, counted from each answer. `"immutable"`: a year, for files that never change.
   * Default: as the origin says.
   * @example browser: "60s"
   */
  readonly browser?: Duration | "immutable" | undefined;
  /**
   * `"content"`: browsers get an ETag made of the stored body, and no `Last-Modified`. Default: the origin's
   * validators, until a purge shows that they stay the same for another body.
   * @example validators: "content"
   */
  readonly validators?: "content" | undefined;
  /**
   * Time after expiry in which a stale response may be served during its refresh. Default: `"0s"`.
   * @example staleWhileRevalidate: "1h"
   */
  readonly staleWhileRevalidate?: Duration | undefined;
  /**
   * Time after expiry in which a stale response may be served if the origin fails. Default: `"0s"`.
   * @example staleIfError: "1d"
   */
  readonly staleIfError?: Duration | undefined;
  /**
   * Request on which Redis stores a response. Default: the first; for errors, and for variants that clients
   * may have made up, the second.
   * @example admission: "second-ask"
   */
  readonly admission?: "first-ask" | "second-ask" | undefined;
  /**
   * Tiers to use: `memory`, `edge`, `shared`. Default: all of them.
   * @example tiers: ["memory", "edge"]
   */
  readonly tiers?: readonly TierName[] | undefined;
  /**
   * Rules on the origin's answers. Each rule that fits acts; of several `fresh`, the last applies.
   * Default: none.
   * @example answer: [{ when: { type: "image/*" }, fresh: "1d", tags: ["images"] }]
   */
  readonly answer?: readonly WrittenAnswerRule[] | undefined;
  /**
   * Whether a successful answer is not stored if its media type contradicts a static extension in the
   * path, such as HTML at `/account/x.css`. Default: `true`.
   * @example deceptionArmour: false
   */
  readonly deceptionArmour?: boolean | undefined;
  /**
   * Query parameters that are keyed and reach the origin. Default: all, except `key.query.strip`.
   * @example query: { allow: ["page"] }
   */
  readonly query?: WrittenQuery | undefined;
  /**
   * Parts of the key in addition to the URL. Default: none.
   * @example key: { cookies: ["currency"] }
   */
  readonly key?: WrittenKey | undefined;
  /**
   * Request fields that reach the origin in addition to keyed ones. Default: all of them.
   * @example forward: ["accept", "accept-language"]
   */
  readonly forward?: readonly string[] | undefined;
  /**
   * Request fields that look like a credential, on this route. Takes precedence over the general field.
   * Default: as in the general field.
   * @example credentialFields: { except: ["x-api-key"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;
  /**
   * Fields of Tidemark's own requests. Default: as in the general field.
   * @example anonymous: { accept: "application/json" }
   */
  readonly anonymous?: WrittenAnonymous | undefined;
  /**
   * Cookies that are neither keyed nor forwarded on this route, in addition to the general cookies.
   * Default: none.
   * @example cookies: { ignore: ["theme"] }
   */
  readonly cookies?: WrittenRouteCookies | undefined;
  /**
   * `"strip"`: stores responses that have Set-Cookie, but without this field. Default: `"respect"`.
   * @example setCookie: "strip"
   */
  readonly setCookie?: "respect" | "strip" | undefined;
  /**
   * Tags: a list, or a function of the path's parameters. Default: none.
   * @example tags: ({ slug }) => [`article:${slug}`]
   */
  readonly tags?: readonly string[] | TagsOf<Match> | undefined;
  /**
   * Whether responses of a handler have the tags of the values of the data cache that it reads. Default: `true`.
   * @example inheritTags: false
   */
  readonly inheritTags?: boolean | undefined;
  /**
   * The largest reduction of lifetimes, 0 to 1, by a share that differs for each response: pages that are stored
   * together do not expire together. Default: 0.
   * @example jitter: 0.1
   */
  readonly jitter?: number | undefined;
  /**
   * Obeys a client's `no-cache`, `max-age`, `min-fresh`, `max-stale` and `no-store`. Default: `false`.
   * @example honourRequestDirectives: true
   */
  readonly honourRequestDirectives?: boolean | undefined;
  /**
   * Whether some hits refresh a response before expiry, unless it has stale-while-revalidate. Default:
   * `true`.
   * @example earlyRefresh: false
   */
  readonly earlyRefresh?: boolean | undefined;
  /**
   * Scope of invalidations by answers to unsafe methods. `"everywhere"` also purges all variants.
   * Default: `"here"`, the request's own key in this isolate, this colo and Redis.
   * @example invalidate: "everywhere"
   */
  readonly invalidate?: "here" | "everywhere" | undefined;
  /** Purge bound of this route. Default: the general bound. @example purge: { maxLagSeconds: 5 } */
  readonly purge?: WrittenRoutePurge | undefined;
  /**
   * Parts of the route: `slices()`, `esi("html")`, `query("raw")`. Default: none.
   * @example use: [slices()]
   */
  readonly use?: readonly RoutePart[] | undefined;
  /**
   * `"serve"`: serves stored responses, marked `unverified`, while the purge journal is unreachable.
   * Default: sends requests to the origin instead.
   * @example whenUnreachable: "serve"
   */
  readonly whenUnreachable?: "serve" | undefined;
}

/**
 * Names, one of which the request must have, or the allowed values of each name. Names need `bypass`. Values
 * of fields and cookies are keyed. Values are compared exactly.
 */
export type WrittenCondition =
  | readonly NamePattern[]
  | { readonly [name: string]: readonly string[] };

/** Conditions on a request. All that are given must hold. */
export interface WrittenWhen {
  /**
   * Cookies. A list of names ignores case. Default: none.
   * @example cookie: ["session"]
   * @example cookie: { currency: ["usd"] }
   */
  readonly cookie?: WrittenCondition | undefined;
  /** Request fields. Default: none. @example header: { "x-app": ["ios", "android"] } */
  readonly header?: WrittenCondition | undefined;
  /** Query parameters. A list of names ignores case. Default: none. @example query: ["preview"] */
  readonly query?: WrittenCondition | undefined;
  /**
   * Countries by `request.cf.country`, in ISO 3166-1 alpha-2. Never met on Node. Default: none.
   * @example country: ["DE", "AT"]
   */
  readonly country?: readonly string[] | undefined;
}

/**
 * A rule on an answer. It judges the head that is to be stored, also one that a 304 has changed, and
 * then acts on it.
 */
export interface WrittenAnswerRule {
  /** Conditions, all of which must hold; at least one. Required. @example when: { type: "image/*" } */
  readonly when: WrittenAnswerConditions;
  /**
   * Lifetime, as with `mode: "override"`. Without `status`, only for the statuses of a single `fresh`
   * of a route. Default: none.
   * @example fresh: "1d"
   */
  readonly fresh?: Duration | undefined;
  /** Tags to add. Default: none. @example tags: ["images"] */
  readonly tags?: readonly string[] | undefined;
  /** `false`: the answer is not stored. Default: stored. @example store: false */
  readonly store?: false | undefined;
  /** Fields to remove, for storing and for the client. Default: none. @example strip: ["etag"] */
  readonly strip?: readonly (typeof strippableFields)[number][] | undefined;
}

/** Builds tags from a path's `:name` parameters. Must not throw. */
export type TagsOf<Match extends Patterns = Patterns> = (
  parameters: PathParameters<Match>,
) => readonly string[];

/** Query parameters that are keyed and reach the origin. */
export interface WrittenQuery {
  /**
   * The only query parameters that are keyed and forwarded. Default: all of them.
   * @example allow: ["page"]
   */
  readonly allow?: readonly NamePattern[] | undefined;
  /**
   * `"sort"`: sorts the parameters by name, in keys and for the origin. Default: the client's order.
   * @example order: "sort"
   */
  readonly order?: "sort" | undefined;
}

/** The members of `request.cf` that may be part of a key: values that many clients share. */
export const cfNames = [
  "asn",
  "city",
  "colo",
  "continent",
  "country",
  "isEUCountry",
  "metroCode",
  "region",
  "regionCode",
  "timezone",
] as const;

export type CfName = (typeof cfNames)[number];

/** Parts of the key in addition to the URL. */
export interface WrittenKey {
  /** Request fields whose values are keyed. Default: none. @example headers: ["x-app"] */
  readonly headers?: readonly string[] | undefined;
  /** Cookies whose values are keyed. Default: none. @example cookies: ["currency"] */
  readonly cookies?: readonly string[] | undefined;
  /**
   * Members of `request.cf` that are keyed, and visible to a handler. Default: none.
   * @example cf: ["country"]
   */
  readonly cf?: readonly CfName[] | undefined;
  /**
   * Languages of the pages, the default first. The one that the client prefers is keyed, and reaches the
   * origin as `Accept-Language`. Default: none.
   * @example language: ["en", "de", "fr"]
   */
  readonly language?: readonly string[] | undefined;
  /**
   * Media types that only some clients read, the preferred first. The one that the client prefers is keyed,
   * and reaches the origin in `Accept`. Default: none.
   * @example accept: ["image/avif", "image/webp"]
   */
  readonly accept?: readonly string[] | undefined;
  /**
   * `device()` of `tidemark/device`: the class of the client's device is keyed, and reaches the origin as
   * `X-Device`. Default: none.
   * @example device: device()
   */
  readonly device?: Device | undefined;
}

/** Cookies of a route. */
export interface WrittenRouteCookies {
  /** Cookies that are neither keyed nor forwarded. Default: none. @example ignore: ["theme"] */
  readonly ignore?: readonly NamePattern[] | undefined;
}
