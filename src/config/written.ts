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
  /**
   * Prefix of every Redis key: 1 to 64 letters, digits, dots, dashes or `_`. The variable NAMESPACE
   * overrides it. Default: `"tidemark"`.
   * @example namespace: "news"
   */
  readonly namespace?: string | undefined;
  /**
   * Path of the operator's routes: a slash and a name of up to 64 small letters, digits, `-` or `_`.
   * Default: `"/_cache"`.
   * @example operatorPath: "/_edge"
   */
  readonly operatorPath?: string | undefined;
  /**
   * Host of the dashboard alone, without a port, so that no script of the site reaches its page. Not one of
   * SITE_HOST. Default: none, so the dashboard is on every host.
   * @example operatorHost: "ops.example.com"
   */
  readonly operatorHost?: string | undefined;
  /**
   * Additional origins by the names that routes use. Default: none.
   * @example origins: { bucket: { url: "https://bucket.example" }, api: { binding: "API" } }
   */
  readonly origins?: Readonly<Record<string, WrittenOrigin>> | undefined;
  /**
   * Timeout for an origin's first byte, 1 s to 1 d; as an object, also between bytes. Default: `"30s"`.
   * @example originTimeout: { firstByte: "10s", betweenBytes: "30s" }
   */
  readonly originTimeout?: Duration | WrittenTimeouts | undefined;
  /**
   * Parts of the URL that keys leave out. Default: the known names.
   * @example key: { query: { strip: ["ref"] } }
   */
  readonly key?: WrittenStripping | undefined;
  /**
   * Cookies that are neither keyed nor forwarded, on all routes. Default: the known names.
   * @example cookies: { harmless: ["theme"] }
   */
  readonly cookies?: WrittenCookies | undefined;
  /**
   * Request fields that look like a credential, on all routes. Default: the known names.
   * @example credentialFields: { add: ["x-tenant"], except: ["x-csrf-token"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;
  /** Fields of Tidemark's own requests. Default: see each field. @example anonymous: { accept: "*" } */
  readonly anonymous?: WrittenAnonymous | undefined;
  /**
   * Response fields with tags, in addition to Cache-Tag, Surrogate-Key and Cache-Groups. Default:
   * none.
   * @example tagFields: ["x-tags"]
   */
  readonly tagFields?: readonly string[] | undefined;
  /**
   * Targeted fields that precede `Cache-Control`, in order (RFC 9213 §2.2). `CDN-Cache-Control` comes
   * last unless the list names it. Default: `["CDN-Cache-Control"]`.
   * @example targets: ["Vercel-CDN-Cache-Control"]
   */
  readonly targets?: readonly string[] | undefined;
  /**
   * Guesses a lifetime if none is stated: a tenth of the time since Last-Modified, at most a day
   * (RFC 9111 §4.2.2). Default: `false`.
   * @example heuristics: true
   */
  readonly heuristics?: boolean | undefined;
  /**
   * Whether another cache is in front of Tidemark. If so, answers keep the fields for shared
   * caches. Default: `false`.
   * @example cacheInFront: true
   */
  readonly cacheInFront?: boolean | undefined;
  /**
   * On Node: the proxies that are trusted for the client's address, scheme and host. Either their
   * number, 1 to 20, or a list of their addresses and networks. Default: `false`, none.
   * @example trustProxy: ["10.0.0.0/8"]
   */
  readonly trustProxy?: false | number | readonly string[] | undefined;
  /** Log lines for single requests. Default: none. @example logs: { sample: 0.01 } */
  readonly logs?: WrittenLogs | undefined;
  /** Limits of memory, bodies and variants. Default: see each field. @example limits: { variants: 20 } */
  readonly limits?: WrittenLimits | undefined;
  /**
   * Rules by host, path and method. The first matching route applies. Default: none, so only the
   * origin's fields decide.
   * @example routes: [{ name: "articles", match: "/articles/:slug", fresh: "5m" }]
   */
  readonly routes?: { readonly [At in keyof Matches]: WrittenRoute<Matches[At]> } | undefined;
  /**
   * `"off"`: isolates report no metrics to the store. Default: on.
   * @example metrics: "off"
   */
  readonly metrics?: "off" | undefined;
  /**
   * Parts of the site: `operate()`, `dashboard()`. Default: none.
   * @example parts: [operate(), dashboard()]
   */
  readonly parts?: readonly SitePart[] | undefined;
  /** Purge bound of all routes. Default: see each field. @example purge: { maxLagSeconds: 5 } */
  readonly purge?: WrittenPurge | undefined;
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
  /** Added to `trackingParameters`. Default: none. @example strip: ["ref"] */
  readonly strip?: AddedNames | undefined;
}

/** Cookies that are neither keyed nor forwarded. */
export interface WrittenCookies {
  /** Added to `analyticsCookies`. Default: none. @example harmless: [...consentCookies] */
  readonly harmless?: AddedNames | undefined;
}

/** Log lines for single requests, and their contents. */
export interface WrittenLogs {
  /** Share of requests that are logged, 0 to 1. Default: 0, none. @example sample: 0.01 */
  readonly sample?: number | undefined;
  /** Logs the request's path, without its query. Default: `false`. @example paths: true */
  readonly paths?: boolean | undefined;
}

/** Limits of memory, bodies and variants. */
export interface WrittenLimits {
  /**
   * Largest body in bytes that is held whole while it is stored, at most 12 MiB. Larger bodies are
   * streamed to the edge tier. Default: 4 MiB, or `sharedBodyBytes` if that is larger.
   * @example bufferBytes: 8 * 1_048_576
   */
  readonly bufferBytes?: number | undefined;
  /**
   * Largest body in Redis in bytes, at most 7 MiB, and at most a written `bufferBytes`. Default: 1 MiB.
   * @example sharedBodyBytes: 524_288
   */
  readonly sharedBodyBytes?: number | undefined;
  /**
   * Size of the memory tier in bytes, on Workers at most 40 MiB, and on Node at most the heap. Bodies in transit may take half as much in
   * addition, and uploads to Redis a quarter. Default: 32 MiB.
   * @example memoryBytes: 41_943_040
   */
  readonly memoryBytes?: number | undefined;
  /** Size of the database in bytes, from 4 MiB. Default: as reported by Redis. @example databaseBytes: 268_435_456 */
  readonly databaseBytes?: number | undefined;
  /** Size of each object of records in bytes, 4 MiB to 10 GB. Default: 512 MiB. @example objectBytes: 2_147_483_648 */
  readonly objectBytes?: number | undefined;
  /** Maximum variants stored for one page, 1 to 500. Default: 100. @example variants: 20 */
  readonly variants?: number | undefined;
}
