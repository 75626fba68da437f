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
  WrittenWhen,
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
  // Which requests

  /** Name in statistics, errors and purges. Required. @example name: "articles" */
  readonly name: string;
  /**
   * A pattern, or a list of patterns. In a path, `*` matches any text and `:name` one segment. A backslash makes the
   * next character a literal. A host, or `*.` and a name for all hosts below it, may precede the path. Required.
   * @see docs/routes.md#patterns
   * @example match: "/articles/:slug"
   * @example match: ["/me/*", "/*.pdf"]
   * @example match: ["shop.example/*", "*.shop.example/*"]
   */
  readonly match: Match;
  /**
   * The only methods of the route, in capital letters. GET includes HEAD: a stored GET also answers `HEAD`,
   * `If-None-Match` and one range. Default: all, except those that command a cache, such as PURGE.
   * @see docs/routes.md#hosts-and-methods
   * @see docs/requests.md#refused-methods
   * @example methods: ["POST", "PUT"]
   */
  readonly methods?: readonly string[] | undefined;
  /**
   * Conditions: if a request does not meet all of them, a later route applies. Default: none.
   * @see docs/routes.md#conditions
   * @example when: { cookie: ["session", "wordpress_logged_in_*"] }
   * @example when: { header: { "x-app": ["ios", "android"] }, country: ["DE", "AT"] }
   */
  readonly when?: WrittenWhen | undefined;
  /** Sends requests straight to the origin, and stores nothing. Default: `false`. @example bypass: true */
  readonly bypass?: boolean | undefined;

  // The origin of a route

  /**
   * The origin that gets the requests: a name in `origins`, or an object for another path or host there. Others may
   * answer while it fails. Default: `"default"`, which is the variable `ORIGIN_URL`.
   * @see docs/origins.md#fallback-origins
   * @example origin: "bucket"
   * @example origin: { name: "bucket", from: "/files" }
   */
  readonly origin?: string | WrittenRouteOrigin | undefined;
  /**
   * Changes of requests for the origin, also of refreshes and bypassed ones. Default: none.
   * @see docs/routes.md#changes-of-fields
   * @example request: { headers: { set: { "x-env": "live" } } }
   */
  readonly request?: WrittenRequest | undefined;
  /**
   * Changes of answers for clients, also of hits. They are not stored. Default: none.
   * @see docs/routes.md#changes-of-fields
   * @example response: { headers: { set: { "x-frame-options": "DENY" }, remove: ["server"] } }
   */
  readonly response?: WrittenResponse | undefined;
  /**
   * A page in place of Tidemark's own 502, 503 and 504, for clients that accept HTML. Default: none.
   * @example errorPage: { html: "<h1>Back soon</h1>" }
   */
  readonly errorPage?: WrittenErrorPage | undefined;

  // Lifetimes

  /**
   * Lifetime if the origin gives none. The statuses of `fresh` are those that it lists; of a single duration, 200,
   * 203, 204, 300, 301 and 308. Default: none.
   * @see docs/routes.md#precedence-of-lifetimes
   * @example fresh: "5m"
   * @example fresh: { 200: "60s", 301: "1h" }
   */
  readonly fresh?: Duration | Lifetimes | undefined;
  /**
   * Lifetime of redirects and errors by status. `"origin"` stores the error with the lifetime that the origin gives,
   * even from a client's request. A duration applies once an anonymous request gets the error. It also caps the
   * origin's own lifetime, except for redirects, 404 and 410. Default: none.
   * @see docs/origin-load.md#errors-and-random-paths
   * @example negative: { 404: "30s", 410: "5m", 503: "origin" }
   */
  readonly negative?: NegativeLifetimes | undefined;
  /**
   * `"override"`: `fresh` and `negative` precede the origin's lifetime, `no-cache`, `must-revalidate` and
   * `proxy-revalidate`, but never `private`, `no-store` or `Set-Cookie`. Default: `"default"`.
   * @example mode: "override"
   */
  readonly mode?: "default" | "override" | undefined;
  /**
   * How long a stale response may answer while it is refreshed, if it has a status of `fresh` or `negative`. The
   * origin's own value takes precedence, even with `mode: "override"`. That of Next.js is up to a year. Default:
   * `"0s"`.
   * @see docs/next.md#a-cache-in-front-of-nextjs
   * @example staleWhileRevalidate: "1h"
   */
  readonly staleWhileRevalidate?: Duration | undefined;
  /**
   * How long a stale response may answer if the origin fails. The origin's own value takes precedence. Default:
   * `"0s"`.
   * @see docs/routes.md#stale-answers-while-the-origin-fails
   * @example staleIfError: "1d"
   */
  readonly staleIfError?: Duration | undefined;
  /**
   * How long a browser may use an answer with a status of `fresh`, counted from the answer. With `"0s"`, browsers
   * validate it before each use. `"immutable"` is a year without validation, even when a page is reloaded. Without
   * `mode: "override"`, the origin's `no-cache` and `no-store` precede it. Default: as the origin says, and for text
   * without a lifetime a validation before each use.
   * @see docs/origins.md#other-caches
   * @example browser: "60s"
   */
  readonly browser?: Duration | "immutable" | undefined;
  /**
   * `"content"`: browsers get an `ETag` made of the stored body, and no `Last-Modified`. An answer has none if
   * Tidemark streams or does not store its body. Default: the origin's validators, until a purge shows that they stay
   * the same for another body.
   * @see docs/purging.md#browsers-that-return
   * @example validators: "content"
   */
  readonly validators?: "content" | undefined;

  // Storing

  /**
   * The tiers that store responses. `"shared"` includes R2. Default: all.
   * @see docs/stores.md#the-tiers
   * @example tiers: ["memory", "edge"]
   */
  readonly tiers?: readonly TierName[] | undefined;
  /**
   * The request at which the shared tier stores a response. `"second-ask"` lowers the bill and the offload. Default:
   * the first; for errors with a lifetime from the origin, and for variants that clients may have invented, the
   * second.
   * @see docs/origin-load.md#errors-and-random-paths
   * @see docs/origin-load.md#variants
   * @example admission: "second-ask"
   */
  readonly admission?: "first-ask" | "second-ask" | undefined;
  /**
   * Rules on the origin's answers: lifetime, tags, whether to store, and fields to remove. Each rule that fits acts;
   * of several `fresh`, the last applies. Default: none.
   * @see docs/routes.md#rules-on-answers
   * @example answer: [{ when: { type: "image/*" }, fresh: "1d", tags: ["images"] }]
   */
  readonly answer?: readonly WrittenAnswerRule[] | undefined;
  /**
   * Whether a successful answer is not stored if its media type contradicts a static extension in the path, such as
   * HTML at `/account/x.css`. Default: `true`.
   * @see docs/requests.md#cache-deception
   * @example deceptionArmour: false
   */
  readonly deceptionArmour?: boolean | undefined;

  // Keys and forwarded fields

  /**
   * Query parameters that are keyed and reach the origin. Default: all, except `key.query.strip`.
   * @see docs/requests.md#spellings-of-a-url
   * @example query: { allow: ["page"] }
   */
  readonly query?: WrittenQuery | undefined;
  /**
   * The only fields of a client that reach the origin, besides keyed ones. `[]`: none. Default: all.
   * @see docs/requests.md#few-fields
   * @example forward: ["accept", "accept-language"]
   */
  readonly forward?: readonly string[] | undefined;
  /**
   * Parts of the key in addition to the URL. Default: none.
   * @example key: { cookies: ["currency"] }
   */
  readonly key?: WrittenKey | undefined;
  /**
   * Cookies that are neither keyed nor forwarded on this route, in addition to the general cookies. Default: none.
   * @see docs/requests.md#cookies
   * @example cookies: { ignore: ["theme"] }
   */
  readonly cookies?: WrittenRouteCookies | undefined;
  /**
   * `"strip"`: stores responses that have `Set-Cookie`, but without this field. Default: `"respect"`.
   * @see docs/requests.md#cookies
   * @example setCookie: "strip"
   */
  readonly setCookie?: "respect" | "strip" | undefined;
  /**
   * Request fields that look like a credential, on this route. Takes precedence over the general option. Default:
   * that of the site.
   * @example credentialFields: { except: ["x-api-key"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;
  /**
   * Fields of Tidemark's own requests on this route. Default: that of the site.
   * @example anonymous: { accept: "application/json" }
   */
  readonly anonymous?: WrittenAnonymous | undefined;
  /**
   * Obeys a client's `no-cache`, `max-age`, `min-fresh`, `max-stale` and `no-store`. Default: `false`.
   * @example honourRequestDirectives: true
   */
  readonly honourRequestDirectives?: boolean | undefined;

  // Loads

  /**
   * The largest reduction of lifetimes, 0 to 1, by a share that differs for each response: pages that are stored
   * together do not expire together. Default: 0.
   * @example jitter: 0.1
   */
  readonly jitter?: number | undefined;
  /**
   * Whether some hits refresh a response before it expires, unless it has stale-while-revalidate. Default: `true`.
   * @see docs/origin-load.md#early-refresh
   * @example earlyRefresh: false
   */
  readonly earlyRefresh?: boolean | undefined;

  // Purges, tags and parts

  /**
   * Purge bound of this route, and how it treats `Age`. Default: that of the site.
   * @example purge: { maxLagSeconds: 5 }
   */
  readonly purge?: WrittenRoutePurge | undefined;
  /**
   * Scope of invalidations by successful answers to unsafe methods. `"everywhere"` purges all variants in all colos.
   * Default: `"here"`, the request's own key in this isolate, this colo and Redis.
   * @see docs/purging.md#invalidation-by-unsafe-requests
   * @example invalidate: "everywhere"
   */
  readonly invalidate?: "here" | "everywhere" | undefined;
  /**
   * `"serve"`: stored responses continue to answer, with `unverified` in `Cache-Status`, while the purge journal
   * cannot be read. Default: none, so requests go to the origin instead.
   * @see docs/purging.md#what-remains-outside-the-promise
   * @example whenUnreachable: "serve"
   */
  readonly whenUnreachable?: "serve" | undefined;
  /**
   * Tags of the responses: a list, or a function of the path's parameters. If the function fails, the response is
   * neither stored nor used. Default: none.
   * @see docs/purging.md#tags
   * @example tags: ({ slug }) => [`article:${slug}`]
   */
  readonly tags?: readonly string[] | TagsOf<Match> | undefined;
  /**
   * Whether responses of a handler have the tags of the values of the data cache that it reads. Default: `true`.
   * @see docs/data.md#pages-of-values
   * @example inheritTags: false
   */
  readonly inheritTags?: boolean | undefined;
  /**
   * Parts of the route: `slices()`, `esi("html")`, `query("raw")`, `release("keep")`, `fallback("mirror")`,
   * `globalCollapse()`, `nonce()`, and rules of the site by `defineRule`. Rules act in this order. Default: none.
   * @see docs/package.md#parts
   * @see docs/vcl.md#rules
   * @example use: [slices()]
   */
  readonly use?: readonly RoutePart[] | undefined;
}

/**
 * A rule on an answer. It judges the head that is to be stored, also one that a 304 has changed, and then acts on it.
 */
export interface WrittenAnswerRule {
  /** Conditions, all of which must hold; at least one. Required. @example when: { type: "image/*" } */
  readonly when: WrittenAnswerConditions;
  /**
   * Lifetime, as with `mode: "override"`. Without `status`, only for the statuses of a single `fresh` of a route.
   * Default: none.
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
   * The only query parameters that are keyed and forwarded. The field `No-Vary-Search` reaches browsers, and changes
   * no key. Default: all, except `key.query.strip`.
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
   * Members of Cloudflare's `request.cf` that are keyed. Only a handler gets them: for a URL or a binding, key a
   * field such as `cf-ipcountry`. Default: none.
   * @see docs/middleware.md#what-a-handler-sees
   * @example cf: ["country"]
   */
  readonly cf?: readonly CfName[] | undefined;
  /**
   * Languages of the pages, the default first. The one that the client prefers is keyed, and reaches the origin as
   * `Accept-Language`. Default: none.
   * @see docs/requests.md#a-coarser-field
   * @example language: ["en", "de", "fr"]
   */
  readonly language?: readonly string[] | undefined;
  /**
   * Media types that only some clients read, the best first. The one that the client prefers is keyed, and reaches
   * the origin in `Accept`. Default: none.
   * @see docs/requests.md#a-coarser-field
   * @example accept: ["image/avif", "image/webp"]
   */
  readonly accept?: readonly string[] | undefined;
  /**
   * `device()` of `tidemark/device`: the class of the client's device, `mobile` or `desktop`, is keyed, and reaches
   * the origin as `X-Device`. Default: none.
   * @see docs/requests.md#a-coarser-field
   * @example device: device()
   */
  readonly device?: Device | undefined;
}

/** Cookies of a route. */
export interface WrittenRouteCookies {
  /**
   * Cookies that are neither keyed nor forwarded, unless `key.cookies` names them. Default: none.
   * @example ignore: ["theme"]
   */
  readonly ignore?: readonly NamePattern[] | undefined;
}
