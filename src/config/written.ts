// The configuration as the operator writes it. Each field documents its meaning, unit, default and an
// example. The schema must have the same fields to compile.
import type { WrittenRoute } from "./written-route.ts";
import type { WrittenAnonymous, WrittenCredentialFields } from "./written-origin.ts";
import type { WrittenPurge } from "./written-purge.ts";
import type { Duration } from "./written-route.ts";
import type { NamePattern } from "./known-names.ts";
import type { SitePart } from "../part/port/part.ts";
import type { Patterns } from "../part/port/path-parameters.ts";

/** Names to add to the known names, or, under `only`, to use instead of them. */
export type AddedNames =
  | readonly NamePattern[]
  | {
      /** Replaces the known names. No default. @example { only: ["ref"] } */
      readonly only: readonly NamePattern[];
    };

/**
 * Settings of the whole site. All fields are optional.
 *
 * @typeParam Matches the patterns of each route, which `defineConfig` infers
 */
export interface WrittenConfig<Matches extends readonly Patterns[] = readonly Patterns[]> {
  // The site

  /**
   * Prefix of every Redis key and of every Durable Object's name: 1 to 64 letters, digits, dots, dashes
   * or `_`. The variable NAMESPACE overrides it. Default: `"tidemark"`.
   * @see docs/configuration.md#variables
   * @example namespace: "news"
   */
  readonly namespace?: string | undefined;
  /**
   * Path of the operator's routes: a slash and a name of up to 64 small letters, digits, `-` or `_`.
   * Default: `"/_cache"`.
   * @see docs/middleware.md#the-operators-path
   * @example operatorPath: "/_edge"
   */
  readonly operatorPath?: string | undefined;
  /**
   * Host of the dashboard alone, without a port, so that no script of the site reaches its page. Not one of
   * SITE_HOST. It has the routes that the dashboard reads, and nothing of the site. Other hosts, except
   * loopback addresses, then have no dashboard. Default: none, so the dashboard is on every host.
   * @see docs/monitoring.md#the-dashboard
   * @example operatorHost: "ops.example.com"
   */
  readonly operatorHost?: string | undefined;
  /**
   * Rules by host, path and method. The first matching route applies. Default: none, so only the
   * origin's fields decide.
   * @see docs/reference/route-options.md
   * @example routes: [{ name: "articles", match: "/articles/:slug", fresh: "5m" }]
   */
  readonly routes?: { readonly [At in keyof Matches]: WrittenRoute<Matches[At]> } | undefined;
  /**
   * Parts of the site: `operate()`, `dashboard()`. Default: none.
   * @see docs/package.md#parts
   * @example parts: [operate(), dashboard()]
   */
  readonly parts?: readonly SitePart[] | undefined;
  /**
   * On Node: the proxies that are trusted for the client's address, scheme and host. Either their
   * number, 1 to 20, or a list of their addresses and networks. Default: `false`, none.
   * @see docs/own-server.md#behind-a-proxy
   * @example trustProxy: ["10.0.0.0/8"]
   */
  readonly trustProxy?: false | number | readonly string[] | undefined;
  /**
   * Whether another cache is in front of Tidemark. If so, answers keep their lifetimes and tags for shared
   * caches. Default: `false`.
   * @see docs/outward.md
   * @example cacheInFront: true
   */
  readonly cacheInFront?: boolean | undefined;

  // Requests to origins

  /**
   * Additional origins by the names that routes use: the scheme and host of a `url`, or the service that
   * `binding` names in the wrangler file. Default: none.
   * @example origins: { bucket: { url: "https://bucket.example" }, api: { binding: "API" } }
   */
  readonly origins?: Readonly<Record<string, WrittenOrigin>> | undefined;
  /**
   * Timeout for the first byte of all origins of a route, 1 s to 1 d; as an object, also between bytes.
   * Uploads have more time. Default: `"30s"`.
   * @see docs/origins.md#fallback-origins
   * @see docs/origins.md#streams-and-uploads
   * @example originTimeout: { firstByte: "10s", betweenBytes: "30s" }
   */
  readonly originTimeout?: Duration | WrittenTimeouts | undefined;
  /**
   * Fields of Tidemark's own requests. Default: see each field.
   * @see docs/requests.md#refreshes
   * @example anonymous: { accept: "*" }
   */
  readonly anonymous?: WrittenAnonymous | undefined;

  // Keys and credentials

  /**
   * Parts of the URL that keys leave out. Default: see each field.
   * @example key: { query: { strip: ["ref"] } }
   */
  readonly key?: WrittenStripping | undefined;
  /**
   * Cookies that are neither keyed nor forwarded, on all routes. Default: see each field.
   * @see docs/requests.md#cookies
   * @example cookies: { harmless: ["theme"] }
   */
  readonly cookies?: WrittenCookies | undefined;
  /**
   * Request fields that look like a credential, on all routes. A name may begin or end with `*`. Default:
   * the known fields.
   * @see docs/requests.md#credentials
   * @example credentialFields: { add: ["x-tenant"], except: ["x-csrf-token"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;

  // Lifetimes and purges

  /**
   * Targeted fields that precede `Cache-Control`, in order (RFC 9213 §2.2). `CDN-Cache-Control` comes
   * last unless the list names it. Default: `["CDN-Cache-Control"]`.
   * @see docs/routes.md#precedence-of-lifetimes
   * @example targets: ["Vercel-CDN-Cache-Control"]
   */
  readonly targets?: readonly string[] | undefined;
  /**
   * Guesses a lifetime if neither origin nor route gives one: a tenth of the time since Last-Modified, at
   * most a day (RFC 9111 §4.2.2). Default: `false`.
   * @example heuristics: true
   */
  readonly heuristics?: boolean | undefined;
  /**
   * Response fields with tags, in addition to Cache-Tag, Surrogate-Key and Cache-Groups. After a change,
   * purge everything once. Default: none.
   * @see docs/purging.md#tags
   * @example tagFields: ["x-tags"]
   */
  readonly tagFields?: readonly string[] | undefined;
  /** Purge bound of all routes. Default: see each field. @example purge: { maxLagSeconds: 5 } */
  readonly purge?: WrittenPurge | undefined;

  // Metrics and the log

  /**
   * `"off"`: isolates report no counts to the store, for metrics. On Node without a store, counts stay in
   * the process. Default: on.
   * @see docs/monitoring.md
   * @example metrics: "off"
   */
  readonly metrics?: "off" | undefined;
  /**
   * Log lines for single requests. Default: none.
   * @see docs/logs.md#single-requests
   * @example logs: { sample: 0.01 }
   */
  readonly logs?: WrittenLogs | undefined;

  // Sizes and numbers

  /** Limits of memory, bodies and variants. Default: see each field. @example limits: { variants: 20 } */
  readonly limits?: WrittenLimits | undefined;
}

/** An origin by address, or a bound service. */
export type WrittenOrigin =
  | {
      /** Scheme and host only. Required. @example url: "https://bucket.example" */
      readonly url: string;
    }
  | {
      /** A name under `[[services]]` in wrangler.toml. Required. @example binding: "API" */
      readonly binding: string;
    };

/** Timeouts of origins. */
export interface WrittenTimeouts {
  /** Timeout for the head of an answer, 1 s to 1 d; then 504. Default: `"30s"`. @example firstByte: "10s" */
  readonly firstByte?: Duration | undefined;
  /**
   * Timeout between bytes of a body that is stored, 1 s to 1 d. Default: `"30s"`.
   * @example betweenBytes: "1m"
   */
  readonly betweenBytes?: Duration | undefined;
}

/** Parts of the URL that keys leave out. */
export interface WrittenStripping {
  /** Query parameters to leave out. Default: the known names. @example query: { strip: ["ref"] } */
  readonly query?: WrittenStrip | undefined;
}

/** Query parameters that are neither keyed nor forwarded. */
export interface WrittenStrip {
  /**
   * A list adds to the known names, and `{ only: ["ref"] }` replaces them. Default: `trackingParameters`.
   * @see docs/reference/known-names.md#trackingparameters
   * @example strip: ["ref"]
   */
  readonly strip?: AddedNames | undefined;
}

/** Cookies that are neither keyed nor forwarded. */
export interface WrittenCookies {
  /**
   * A list adds to the known names, and `{ only: ["theme"] }` replaces them. Default: `analyticsCookies`.
   * @see docs/reference/known-names.md#analyticscookies
   * @example harmless: ["theme"]
   */
  readonly harmless?: AddedNames | undefined;
}

/** Log lines for single requests, and their contents. */
export interface WrittenLogs {
  /** Share of requests that get a log line, 0 to 1. Default: 0, none. @example sample: 0.01 */
  readonly sample?: number | undefined;
  /** Adds the path, without its query, to these lines. Default: `false`. @example paths: true */
  readonly paths?: boolean | undefined;
}

/** Limits of memory, bodies and variants. */
export interface WrittenLimits {
  /**
   * Largest body in bytes that is held whole while it is stored, at most 12 MiB. Larger bodies are
   * streamed to the edge tier. Also limits what slow clients have not read. Default: 4 MiB, or
   * `sharedBodyBytes` if that is larger.
   * @see docs/degradation.md#clients-that-do-not-read
   * @example bufferBytes: 8 * 1_048_576
   */
  readonly bufferBytes?: number | undefined;
  /**
   * Largest body in Redis in bytes before compression, at most 7 MiB, and at most a written `bufferBytes`.
   * Larger bodies go to R2, if bound. A hit in Redis takes 1.7 ms of CPU time for a body of 100 KiB, and 9.7 ms
   * for 1 MiB, mostly to decompress the body. A hit in the edge tier takes 1.2 and 2.0 ms. Workers Free
   * allows 10 ms, so write 262,144 there. Default: 1 MiB.
   * @see docs/stores.md#large-bodies-in-r2
   * @example sharedBodyBytes: 524_288
   */
  readonly sharedBodyBytes?: number | undefined;
  /**
   * Size of the memory tier in bytes, on Workers at most 40 MiB, and on Node at most the heap. Bodies in transit
   * may take half as much in addition, and uploads to Redis a quarter. The limits of the isolate's other
   * contents depend on this size. Default: 32 MiB.
   * @see docs/stores.md#what-an-isolate-holds
   * @see docs/own-server.md#metrics-and-memory
   * @example memoryBytes: 41_943_040
   */
  readonly memoryBytes?: number | undefined;
  /**
   * Size of the database in bytes, from 4 MiB, if `INFO` does not report it. Default: as reported by Redis.
   * @see docs/degradation.md#a-database-that-fills
   * @example databaseBytes: 268_435_456
   */
  readonly databaseBytes?: number | undefined;
  /**
   * Size of each object of records in bytes, 4 MiB to 10 GB. A full object evicts. Default: 512 MiB.
   * @see docs/stores.md#durable-objects
   * @see docs/degradation.md#durable-objects
   * @example objectBytes: 2_147_483_648
   */
  readonly objectBytes?: number | undefined;
  /**
   * Maximum variants stored for one page, 1 to 500. Default: 100.
   * @see docs/origin-load.md#variants
   * @example variants: 20
   */
  readonly variants?: number | undefined;
}
