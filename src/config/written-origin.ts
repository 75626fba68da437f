// Conditions on requests, fields of requests and answers, and the place of a route's pages at its origin, as the
// operator writes them. Each field documents its meaning, unit, default and an example.
import type { NamePattern } from "./known-names.ts";

/** The place of a route's pages at the origin. Keys, purges and clients have the site's URL. */
export interface WrittenRouteOrigin {
  /** A name in `origins`. Default: `"default"`. @example name: "bucket" */
  readonly name?: string | undefined;
  /**
   * The beginning of the path, which the origin gets as `to`. Must begin each pattern of `match`.
   * Default: `"/"`.
   * @see docs/routes.md#paths-of-an-origin
   * @example from: "/blog"
   */
  readonly from?: string | undefined;
  /** The beginning of the path for the origin, in place of `from`. Default: `"/"`. @example to: "/posts" */
  readonly to?: string | undefined;
  /**
   * `X-Forwarded-Host`, and the host that a binding or handler sees. On Node, an origin with a URL also
   * gets it in `Host`, but its certificate must be valid for the host of the URL. A Worker can send only
   * the host of the URL in `Host`: let the server accept that name, or read `X-Forwarded-Host`. Default:
   * the site's host.
   * @example host: "blog.example"
   */
  readonly host?: string | undefined;
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
   * Only requests with these values of cookies. With `bypass`, also a list of names, which ignores case:
   * one of these cookies suffices. Default: none.
   * @see docs/routes.md#routes-for-clients-with-a-cookie
   * @example cookie: { currency: ["usd"] }
   * @example cookie: ["session", "wordpress_logged_in_*"]
   */
  readonly cookie?: WrittenCondition | undefined;
  /**
   * Only requests with these values of fields. With `bypass`, also a list of names. Default: none.
   * @example header: { "x-app": ["ios", "android"] }
   */
  readonly header?: WrittenCondition | undefined;
  /**
   * Only requests with these values of query parameters. With `bypass`, also a list of names, which
   * ignores case. Parameters are part of the key, and reach the origin, only as `query.allow` says.
   * Default: none.
   * @example query: { view: ["print"] }
   */
  readonly query?: WrittenCondition | undefined;
  /**
   * Only clients in these countries, by `request.cf.country`, in ISO 3166-1 alpha-2. Never met on Node.
   * The origin gets the country in `CF-IPCountry`, from which `tidemark start` takes it. Default: none.
   * @example country: ["DE", "AT"]
   */
  readonly country?: readonly string[] | undefined;
}

/** Changes of a request for the origin. */
export interface WrittenRequest {
  /**
   * Changes of its fields. Default: none.
   * @example headers: { set: { "x-env": "live" }, remove: ["x-debug"] }
   */
  readonly headers?: WrittenEdits | undefined;
}

/** Changes of an answer. */
export interface WrittenResponse {
  /** Changes of its fields. Default: none. @example headers: { remove: ["server"] } */
  readonly headers?: WrittenEdits | undefined;
}

/** Changes of header fields. */
export interface WrittenEdits {
  /** Fields to replace or add. Default: none. @example set: { "x-env": "live" } */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Lines to add to fields. Default: none. @example add: { link: "</a.css>; rel=preload" } */
  readonly add?: Readonly<Record<string, string>> | undefined;
  /** Fields to remove. Default: none. @example remove: ["x-powered-by"] */
  readonly remove?: readonly string[] | undefined;
}

/** A page for clients while the origin fails. */
export interface WrittenErrorPage {
  /** The page, at most 64 KiB. Required. @example html: "<h1>Back soon</h1>" */
  readonly html: string;
  /**
   * Replaces also the origin's own 502, 503 and 504. Default: `false`.
   * @example html: "<h1>Back soon</h1>", originErrors: true
   */
  readonly originErrors?: boolean | undefined;
}

/** A status, or a class of statuses. */
export type StatusPattern = number | "2xx" | "3xx" | "4xx" | "5xx";

/** The response fields that a rule may remove. No lifetime, key or purge depends on them. */
export const strippableFields = ["etag", "last-modified", "set-cookie"] as const;

/** Conditions on an answer. */
export interface WrittenAnswerConditions {
  /** Default: all statuses. @example status: [404, "5xx"] */
  readonly status?: StatusPattern | readonly StatusPattern[] | undefined;
  /** Media types without parameters. Default: all. @example type: ["image/*", "font/woff2"] */
  readonly type?: NamePattern | readonly NamePattern[] | undefined;
  /** Values of fields; `true`: any value. Default: all. @example header: { "x-error": true } */
  readonly header?:
    | { readonly [name: string]: true | NamePattern | readonly NamePattern[] }
    | undefined;
  /** Bounds of `Content-Length` in bytes. Default: any, or none. @example contentLength: { min: 1 } */
  readonly contentLength?: WrittenLengthBounds | undefined;
}

/** Inclusive bounds in bytes. */
export interface WrittenLengthBounds {
  /** Default: 0. @example min: 1 */
  readonly min?: number | undefined;
  /** Default: none. @example max: 1_048_576 */
  readonly max?: number | undefined;
}

/**
 * Request fields that look like a credential. A `*` at one end matches any text. Exact names precede
 * patterns. Among exact names, and among patterns, `add` precedes `except`.
 */
export interface WrittenCredentialFields {
  /** Fields that are a credential. Default: none. @example add: ["x-tenant", "*-ticket"] */
  readonly add?: readonly string[] | undefined;
  /** Fields that are not a credential. Default: none. @example except: ["x-csrf-token"] */
  readonly except?: readonly string[] | undefined;
}

/** Fixed fields of refreshes, anonymous requests and warming: printable ASCII characters. */
export interface WrittenAnonymous {
  /** `Accept`. Default: `"text/html,application/xhtml+xml,*\/*;q=0.8"`. @example accept: "application/json" */
  readonly accept?: string | undefined;
  /**
   * `User-Agent`. Change it, for example, if a firewall refuses `Tidemark`. Default: `"Tidemark"`.
   * @example userAgent: "Mozilla/5.0 (compatible; Tidemark)"
   */
  readonly userAgent?: string | undefined;
}
