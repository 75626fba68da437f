// A route as an operator writes it: what a field means, in which unit, what holds without it, and an
// example. The schema does not compile without the same fields.

import type { CfName } from "./cf-names.ts";
import type { TierName } from "./tier-names.ts";

/** A whole number with `s`, `m`, `h` or `d`, such as `"90s"`, `"5m"`, `"12h"` or `"365d"`. */
export type Duration = `${bigint}${"s" | "m" | "h" | "d"}`;

/** A name in a list. `*` at its end stands for any rest, such as `"utm_*"`. */
export type NamePattern = string;

/** How long a response stays fresh, by its status, such as `{ 200: "60s", 301: "1h" }`. */
export type Lifetimes = Readonly<Record<number, Duration>>;

/** The same of redirects and errors; `"origin"` is the lifetime that the origin gives. */
export type NegativeLifetimes = Readonly<Record<number, Duration | "origin">>;

/** What holds for the requests that fit a pattern. */
export interface WrittenRoute {
  /** Shown in stats and in errors, and purged by. Required. @example name: "articles" */
  readonly name: string;
  /**
   * A path of literal segments, `:name`, and `*` as the last one; alone, below a host, or below all
   * hosts that end in `.name`. Several are a list. Required.
   * @example match: "/articles/:slug"
   * @example match: ["shop.example/*", "*.shop.example/*"]
   */
  readonly match: string | readonly string[];
  /**
   * The only methods that the route takes, in capital letters; GET includes HEAD. Default: all of them.
   * @example methods: ["POST", "PUT"]
   */
  readonly methods?: readonly string[] | undefined;
  /** Straight to the origin, never stored. Default: `false`. @example bypass: true */
  readonly bypass?: boolean | undefined;
  /** `"override"`: `fresh` goes before the origin's lifetime. Default: `"default"`. @example mode: "override" */
  readonly mode?: "default" | "override" | undefined;
  /** A name in `origins`. Default: `"default"`. @example origin: "bucket" */
  readonly origin?: string | undefined;
  /**
   * The lifetime where the origin gives none, for what is cacheable by default and no error, or by
   * status. Default: none.
   * @example fresh: "5m"
   * @example fresh: { 200: "60s", 301: "1h" }
   */
  readonly fresh?: Duration | Lifetimes | undefined;
  /** The lifetime of redirects and errors. Default: none. @example negative: { 404: "30s", 503: "origin" } */
  readonly negative?: NegativeLifetimes | undefined;
  /** How long browsers may use an answer from now on. Default: the origin's word. @example browser: "60s" */
  readonly browser?: Duration | undefined;
  /** Adds `immutable` for browsers; needs `browser`. Default: `false`. @example immutable: true */
  readonly immutable?: boolean | undefined;
  /**
   * How long a stale response may answer while it is refreshed. Default: `"0s"`.
   * @example staleWhileRevalidate: "1h"
   */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** How long one may answer when the origin fails. Default: `"0s"`. @example staleIfError: "1d" */
  readonly staleIfError?: Duration | undefined;
  /**
   * When Redis gets a response. Default: errors and made-up variants on the second ask, all else on
   * the first.
   * @example admission: "second-ask"
   */
  readonly admission?: "first-ask" | "second-ask" | undefined;
  /** The tiers that are used: `memory`, `edge`, `kv`, `shared`. Default: all of them. @example tiers: ["memory", "edge"] */
  readonly tiers?: readonly TierName[] | undefined;
  /** The query. Default: all of it counts. @example query: { allow: ["page"] } */
  readonly query?: WrittenQuery | undefined;
  /** What is keyed besides the URL. Default: nothing. @example key: { cookies: ["currency"] } */
  readonly key?: WrittenKey | undefined;
  /**
   * The only fields of a client that reach the origin, besides what is keyed. Default: all of them.
   * @example forward: ["accept", "accept-language"]
   */
  readonly forward?: readonly string[] | undefined;
  /**
   * Request fields that look like a credential, on this route; it goes before the general field.
   * Default: the general field's.
   * @example credentialFields: { except: ["x-api-key"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;
  /** Cookies of this route. Default: the general ones. @example cookies: { ignore: ["theme"] } */
  readonly cookies?: WrittenRouteCookies | undefined;
  /** `"strip"`: drops Set-Cookie from what is stored. Default: `"respect"`. @example setCookie: "strip" */
  readonly setCookie?: "respect" | "strip" | undefined;
  /** The largest share of a lifetime that is taken off at random, 0 to 1. Default: 0. @example jitter: 0.1 */
  readonly jitter?: number | undefined;
  /** A list, or a function of the path's parameters. Default: none. @example tags: ({ slug }) => [`article:${slug}`] */
  readonly tags?: readonly string[] | TagsOf | undefined;
  /** As the general field. Default: the general field's. @example honourRequestDirectives: true */
  readonly honourRequestDirectives?: boolean | undefined;
  /**
   * Where one forward answers all who ask for the same: in an isolate, or in the world by a lease in
   * Redis. Default: `"isolate"`.
   * @example collapse: "global"
   */
  readonly collapse?: "isolate" | "global" | undefined;
  /** How long a request waits for another's forward, 1 s to 1 d. Default: `"10s"`. @example patience: "2s" */
  readonly patience?: Duration | undefined;
  /**
   * β of XFetch, 0 to 10: how eagerly a hit refreshes what is about to expire; 0: never. Default: 1, or
   * 0 for what has a stale-while-revalidate.
   * @example earlyRefresh: 2
   */
  readonly earlyRefresh?: number | undefined;
  /** A hit within this time before the expiry refreshes. Default: `"0s"`. @example refreshAhead: "10s" */
  readonly refreshAhead?: Duration | undefined;
  /**
   * How far it reaches what an answer to an unsafe method invalidates. Default: `"here"`, in this colo.
   * @example invalidate: "everywhere"
   */
  readonly invalidate?: "here" | "everywhere" | undefined;
  /** The purge promise of this route. Default: the general one. @example purge: { maxLagSeconds: 5 } */
  readonly purge?: WrittenRoutePurge | undefined;
  /** Below this share of hits, 0 to 1, health has a finding on the route. Default: `metrics.hitRateMin`. @example hitRateMin: 0.9 */
  readonly hitRateMin?: number | undefined;
  /**
   * `"serve"`: answers with what is stored while the purge journal cannot be read, marked `unverified`.
   * Default: the origin is asked.
   * @example whenUnreachable: "serve"
   */
  readonly whenUnreachable?: "serve" | undefined;
}

/** Makes tags of what a path has in the places of `:name`. It must not throw. */
export type TagsOf = (parameters: Readonly<Record<string, string>>) => readonly string[];

/** Which query parameters count and reach the origin. */
export interface WrittenQuery {
  /** The only ones that do. Default: all of them. @example allow: ["page"] */
  readonly allow?: readonly NamePattern[] | undefined;
}

/** What is keyed besides the URL. */
export interface WrittenKey {
  /** Request fields whose values are keyed. Default: none. @example headers: ["x-app"] */
  readonly headers?: readonly string[] | undefined;
  /** Cookies whose values are keyed. Default: none. @example cookies: ["currency"] */
  readonly cookies?: readonly string[] | undefined;
  /**
   * Members of `request.cf` whose values are keyed, and that a handler sees. Default: none.
   * @example cf: ["country"]
   */
  readonly cf?: readonly CfName[] | undefined;
}

/**
 * Fields that look like a credential. A `*` at one end of a name stands for any rest. Where both lists fit
 * a field, a whole name decides before a pattern, then `add` before `except`.
 */
export interface WrittenCredentialFields {
  /** Fields that count as one. Default: none. @example add: ["x-tenant", "*-ticket"] */
  readonly add?: readonly string[] | undefined;
  /** Fields that do not. Default: none. @example except: ["x-csrf-token"] */
  readonly except?: readonly string[] | undefined;
}

/** Cookies of a route. */
export interface WrittenRouteCookies {
  /** Those that neither count nor reach the origin. Default: none. @example ignore: ["theme"] */
  readonly ignore?: readonly NamePattern[] | undefined;
}

/** The purge promise of a route, or of all. */
export interface WrittenRoutePurge {
  /**
   * N: within how many seconds of its 200 a purge is seen everywhere; above 2.5 times the allowance, at
   * most 3,600. Default: 10.
   * @example maxLagSeconds: 5
   */
  readonly maxLagSeconds?: number | undefined;
  /**
   * What is filled within so many seconds after a purge that covers it is fresh for no longer, 0 to
   * 3,600. Default: 0, which is off.
   * @example settleSeconds: 5
   */
  readonly settleSeconds?: number | undefined;
}
