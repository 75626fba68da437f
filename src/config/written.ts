// The configuration as an operator writes it: what a field means, in which unit, what holds without it,
// and an example. The schema does not compile without the same fields.
import type {
  Duration,
  NamePattern,
  WrittenCredentialFields,
  WrittenRoute,
  WrittenRoutePurge,
} from "./written-route.ts";
import type { WebhookSender } from "../webhooks/port/hook.ts";

/** Names to add to the known ones, or with `only` the names to have in their place. */
export type AddedNames =
  | readonly NamePattern[]
  | {
      /** The only names, in place of the known ones. No default. @example { only: ["ref"] } */
      readonly only: readonly NamePattern[];
    };

/** What holds for the whole site. Every field may be left out. */
export interface WrittenConfig {
  /**
   * Begins every Redis key: 1 to 64 letters, digits, dots, dashes or `_`. The variable NAMESPACE goes
   * before it. Default: `"tidemark"`.
   * @example namespace: "news"
   */
  readonly namespace?: string | undefined;
  /**
   * The path of the operator's routes: a slash and one name of small letters, digits, `-` or `_`, at
   * most 64. Default: `"/_cache"`.
   * @example operatorPath: "/_edge"
   */
  readonly operatorPath?: string | undefined;
  /**
   * Origins beside the default one, by the names that routes have for them. Default: none.
   * @example origins: { bucket: { url: "https://bucket.example" }, api: { binding: "API" } }
   */
  readonly origins?: Readonly<Record<string, WrittenOrigin>> | undefined;
  /**
   * Where an answer names its origin's own host, clients get the site's. Default: `true`.
   * @example rewriteLocations: false
   */
  readonly rewriteLocations?: boolean | undefined;
  /**
   * How long to wait for an origin's first byte, from 1 s to 1 d. Default: `"30s"`.
   * @example originTimeout: { firstByte: "10s", betweenBytes: "30s" }
   */
  readonly originTimeout?: Duration | WrittenTimeouts | undefined;
  /** What keys leave out on every route. Default: the known names. @example key: { query: { strip: ["ref"] } } */
  readonly key?: WrittenStripping | undefined;
  /** Cookies of every route. Default: the known names. @example cookies: { harmless: ["theme"] } */
  readonly cookies?: WrittenCookies | undefined;
  /**
   * Request fields that look like a credential, on every route. Default: the known names.
   * @example credentialFields: { add: ["x-tenant"], except: ["x-csrf-token"] }
   */
  readonly credentialFields?: WrittenCredentialFields | undefined;
  /**
   * Response fields that hold tags, besides Cache-Tag, Surrogate-Key and Cache-Groups. Default: none.
   * @example tagFields: ["x-tags"]
   */
  readonly tagFields?: readonly string[] | undefined;
  /**
   * Responses with Last-Modified alone are fresh for a tenth of their age, at most a day (RFC 9111
   * §4.2.2). Default: `false`.
   * @example heuristics: true
   */
  readonly heuristics?: boolean | undefined;
  /**
   * Obeys a client's `no-cache`, `max-age`, `min-fresh`, `max-stale` and `no-store`. Default: `false`.
   * @example honourRequestDirectives: true
   */
  readonly honourRequestDirectives?: boolean | undefined;
  /**
   * A cache of yours stands in front: answers keep the fields that are for shared caches. Default: `false`.
   * @example cacheInFront: true
   */
  readonly cacheInFront?: boolean | undefined;
  /**
   * On Node, which proxies in front are believed on a client's address, scheme and host: how many of
   * them there are, 1 to 20, or their addresses and networks. Default: `false`, which is none.
   * @example trustProxy: ["10.0.0.0/8"]
   */
  readonly trustProxy?: false | number | readonly string[] | undefined;
  /**
   * How many of the hottest keys are refreshed before they expire, 0 to 1,000. Default: 0, which is none.
   * @example hotKeys: 100
   */
  readonly hotKeys?: number | undefined;
  /** Lines of single requests in the log. Default: none. @example logs: { sample: 0.01 } */
  readonly logs?: WrittenLogs | undefined;
  /** Bounds in bytes and in numbers. Default: as each field says. @example limits: { variants: 20 } */
  readonly limits?: WrittenLimits | undefined;
  /**
   * The first route that matches counts. Default: none, and the origin's fields alone decide.
   * @example routes: [{ name: "articles", match: "/articles/:slug", fresh: "5m" }]
   */
  readonly routes?: readonly WrittenRoute[] | undefined;
  /**
   * What all isolates count is told to Redis, or to Analytics Engine; `"off"` tells nothing. Default: it is
   * told, without prefixes.
   * @example metrics: { prefixes: { docs: { path: "/docs/" } }, hitRateMin: 0.8 }
   */
  readonly metrics?: "off" | WrittenMetrics | undefined;
  /**
   * Senders of webhooks, each at `/_cache/hooks/<name>`: a name has 1 to 32 small letters, digits or `-`, a
   * letter first. Its secret is `HOOK_SECRET_<NAME>`. Default: none.
   * @example hooks: { shop: hmacSender({ header: "x-signature", algorithm: "sha256", encoding: "hex", mapping }) }
   */
  readonly hooks?: Readonly<Record<string, WebhookSender>> | undefined;
  /** The purge promise of every route. Default: as each field says. @example purge: { maxLagSeconds: 5 } */
  readonly purge?: WrittenPurge | undefined;
}

/** An origin at an address, or the service that a binding names. */
export type WrittenOrigin =
  | {
      /** Scheme and host alone. Required. @example url: "https://bucket.example" */
      readonly url: string;
      /** As the general field. Default: the general field's. @example rewriteLocations: false */
      readonly rewriteLocations?: boolean | undefined;
    }
  | {
      /** A name under `[[services]]` in wrangler.toml. Required. @example binding: "API" */
      readonly binding: string;
    };

/** How long to wait for an origin. */
export interface WrittenTimeouts {
  /** For the head of an answer, from 1 s to 1 d; then 504. Default: `"30s"`. @example firstByte: "10s" */
  readonly firstByte?: Duration | undefined;
  /**
   * For each next byte of a body that is stored, from 1 s to 1 d. Default: `"30s"`.
   * @example betweenBytes: "1m"
   */
  readonly betweenBytes?: Duration | undefined;
}

/** What keys leave out. */
export interface WrittenStripping {
  /** Of the query. Default: the known names. @example query: { strip: ["ref"] } */
  readonly query?: WrittenStrip | undefined;
}

/** Query parameters that neither count nor reach the origin. */
export interface WrittenStrip {
  /** Added to `trackingParameters`. Default: none. @example strip: ["ref"] */
  readonly strip?: AddedNames | undefined;
}

/** Cookies that neither count nor reach the origin. */
export interface WrittenCookies {
  /** Added to `analyticsCookies`. Default: none. @example harmless: [...consentCookies] */
  readonly harmless?: AddedNames | undefined;
}

/** Which requests have a line in the log, and what it says of them. */
export interface WrittenLogs {
  /** The share of requests that have a line, 0 to 1. Default: 0, which is none. @example sample: 0.01 */
  readonly sample?: number | undefined;
  /** These lines have the path of the request, without its query. Default: `false`. @example paths: true */
  readonly paths?: boolean | undefined;
}

/** Bounds in bytes and in numbers. */
export interface WrittenLimits {
  /**
   * Bytes held whole while a response is stored, at most 32 MiB; a larger body is streamed to the edge
   * tier. Default: 4 MiB.
   * @example bufferBytes: 8 * 1_048_576
   */
  readonly bufferBytes?: number | undefined;
  /** The largest body in Redis in bytes, at most 7 MiB. Default: 1 MiB. @example sharedBodyBytes: 524_288 */
  readonly sharedBodyBytes?: number | undefined;
  /** All of the memory tier in bytes, at most 96 MiB. Default: 32 MiB. @example memoryBytes: 67_108_864 */
  readonly memoryBytes?: number | undefined;
  /**
   * The size of the database in bytes, at least 4 MiB, where Redis does not tell one: the size of its plan.
   * Default: what Redis tells.
   * @example databaseBytes: 256 * 1_048_576
   */
  readonly databaseBytes?: number | undefined;
  /** How many variants of one page are stored, 1 to 500. Default: 100. @example variants: 20 */
  readonly variants?: number | undefined;
}

/** Counts of all isolates. */
export interface WrittenMetrics {
  /**
   * Groups of URLs that are counted by themselves, by name, 50 at most. A path counts for the longest that
   * it begins with. Default: none.
   * @example prefixes: { docs: { path: "/docs/", hitRateMin: 0.9 } }
   */
  readonly prefixes?: Readonly<Record<string, WrittenPrefix>> | undefined;
  /** Below this share of hits, 0 to 1, health has a finding on a route. Default: none. @example hitRateMin: 0.8 */
  readonly hitRateMin?: number | undefined;
}

/** A group of URLs that has its own counts. */
export interface WrittenPrefix {
  /** The beginning of paths, as they are keyed, from its slash on. Required. @example path: "/docs/" */
  readonly path: string;
  /** Below this share of hits, 0 to 1, health has a finding on the prefix. Default: none. @example hitRateMin: 0.9 */
  readonly hitRateMin?: number | undefined;
}

/** The purge promise of all routes, and what it may count on. */
export interface WrittenPurge extends WrittenRoutePurge {
  /**
   * A: how many seconds clocks and replicas may be off. Default: 1, or 3 with `readReplicas`.
   * @example clockAllowanceSeconds: 2
   */
  readonly clockAllowanceSeconds?: number | undefined;
  /** The database has read replicas. Default: `false`. @example readReplicas: true */
  readonly readReplicas?: boolean | undefined;
}
