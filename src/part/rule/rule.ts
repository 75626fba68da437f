// The form of a rule that a site writes itself. Experimental: may change in any release. Names of other systems:
// `vcl_recv` (`admits`, `ignores`), `vcl_hash` (`keyed`), `vcl_backend_fetch` (`forward`), `vcl_backend_response`
// (`fails`, `received`, `refuses`), `vcl_deliver` (`respond`), `beresp.filters` (`filter`).

import type { ignorable } from "../port/phases.ts";
import type { PathParameters, Patterns } from "../port/path-parameters.ts";

/** Header fields that a rule can read. Names ignore case. */
export interface RuleFields {
  /** Returns the value; `null` if the field is missing. */
  readonly get: (name: string) => string | null;
  readonly has: (name: string) => boolean;
}

/** The client of a request. Its own fields, also those that no origin gets. */
export interface RuleClient {
  readonly headers: RuleFields;
  /** Returns a cookie's value; `undefined` if it is missing, sent twice, or in a form that servers read differently. */
  readonly cookie: (name: string) => string | undefined;
  /** The country by `request.cf`, in ISO 3166-1 alpha-2; `undefined` if unknown, as on Node. */
  readonly country: string | undefined;
  /**
   * The category of a crawler that Cloudflare has verified, by `request.cf`, such as `"Search Engine Crawler"`;
   * `undefined` for other clients, and on Node.
   */
  readonly verifiedBot: string | undefined;
}

/**
 * A request of a client.
 *
 * @typeParam Match the patterns of `match`
 */
export interface RuleRequest<Match extends Patterns = Patterns> extends RuleClient {
  readonly method: string;
  /** The URL with the client's host, path and query. */
  readonly url: string;
  /** The path by which the route matches, with normalized escapes (RFC 3986 §6.2.2). */
  readonly path: string;
  /** The decoded values of the pattern's `:names`. */
  readonly params: PathParameters<Match>;
}

/** An answer: that of the origin, a stored one, or the one that leaves. */
export interface RuleAnswer {
  readonly status: number;
  readonly headers: RuleFields;
}

/** The Worker of a rule. */
export interface RuleHost {
  /**
   * Returns a variable or secret of the Worker.
   *
   * @throws Error if it is unset or no text. The rule then fails, on the safe side
   */
  readonly secret: (name: string) => string;
}

/** The parts of a request that are a credential, which a rule checks itself. */
export interface RuleCredential {
  /** Request fields, such as `authorization`. Default: none. */
  readonly headers?: readonly string[] | undefined;
  /** Cookies. Default: none. */
  readonly cookies?: readonly string[] | undefined;
  /** Query parameters. Default: none. */
  readonly query?: readonly string[] | undefined;
}

/** A condition of a request that `ignores` can drop, or `range`. */
export type RuleCondition = (typeof ignorable)[number];

/** Changes of the fields of an answer that leaves. No field that connections, caches or clients use by name. */
export interface RuleEdits {
  /** Fields to set. Default: none. @example set: { "x-served-by": "edge" } */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Fields to remove. Default: none. @example remove: ["server"] */
  readonly remove?: readonly string[] | undefined;
  /** Lines of `Set-Cookie` to add. The answer is then private. Default: none. @example cookies: ["ab=a; Path=/"] */
  readonly cookies?: readonly string[] | undefined;
}

/**
 * A rule, with a function for each phase that it takes part in. A phase that throws, or returns another form, is
 * counted by the rule's name, and decides for the safe side. After `admits`, a rule can only make the cache more careful.
 *
 * @typeParam Keyed the names of `keyed`
 * @typeParam Match the patterns of `match`
 */
export interface Rule<Keyed extends string = string, Match extends Patterns = Patterns> {
  /** Up to 32 small letters, digits and dashes. Shown in explain, metrics and `Cache-Status`. Required. */
  readonly name: string;
  /**
   * Patterns as in `match` of a route, whose parameters the rule reads in `params`. Each pattern of its routes needs the
   * parameters that all these patterns have. Default: those of the route, which the compiler does not know.
   * @example match: "/shops/:shop/*"
   */
  readonly match?: Match | undefined;
  /**
   * The credential that `admits` checks. In a request that `admits` calls `"checked"`, it does not select the
   * response, and the origin does not get it. Other requests with it bypass the cache. Its headers are credential
   * fields on all routes of the site. Default: none.
   * @example checks: { headers: ["authorization"] }
   */
  readonly checks?: RuleCredential | undefined;
  /**
   * Runs before the lookup, for hits as well, for 10 s at most. It returns:
   * - a response that it has made for this request, which answers, is not stored, and is private
   * - `"checked"`: the credential of `checks` is valid. All such requests share responses, which answer no other
   *   request
   * - `"stale"`: the client is a crawler. A stale response suffices, and starts no refresh. The request neither reads
   *   nor fills memory, unless there is no other tier
   * - `undefined`: the rule has no opinion
   *
   * If it throws, the client gets status 500.
   */
  readonly admits?:
    | ((
        request: RuleRequest<Match>,
        host: RuleHost,
      ) => RuleAdmission | undefined | Promise<RuleAdmission | undefined>)
    | undefined;
  /** Drops conditions of a GET or HEAD request. If it throws, all. @example ignores: () => ["range"] */
  readonly ignores?: ((request: RuleRequest<Match>) => readonly RuleCondition[]) | undefined;
  /**
   * Values by request field. They are a part of the key, and the origin gets them in place of the client's fields.
   * Each has at most 256 characters of printable ASCII. `undefined` removes the field. Answers are private. If it
   * throws, the request bypasses the cache.
   * @example keyed: { "x-bucket": ({ cookie }) => (cookie("ab") === "b" ? "b" : "a") }
   */
  readonly keyed?: Readonly<Record<Keyed, (client: RuleClient) => string | undefined>> | undefined;
  /**
   * Constant fields for the origin. Called once in each isolate. With `checks`, only requests that are checked, and
   * Tidemark's own for their responses, have the fields. No client's field of the name reaches the origin, by
   * any route whose key lacks it. Other routes pass on `authorization` and fields such as `accept-language`. No rule of
   * the route may have the name in `keyed`. If it throws, requests bypass the cache without the fields. They
   * get status 500 with `admits`, and if it throws even with a value for each unset variable.
   * @example forward: ({ secret }) => ({ "x-gate": secret("ORIGIN_KEY") })
   */
  readonly forward?: ((host: RuleHost) => Readonly<Record<string, string>>) | undefined;
  /**
   * Returns whether the origin's answer counts as a failure: the origin is asked once more, a stale response may
   * answer by `staleIfError`, and the answer is not stored.
   * @example fails: ({ headers }) => headers.has("x-maintenance")
   */
  readonly fails?: ((answer: RuleAnswer) => boolean) | undefined;
  /** Returns tags to add. If it throws, the answer is not stored. */
  readonly received?:
    | ((answer: RuleAnswer) => { readonly tags: readonly string[] } | undefined)
    | undefined;
  /** Returns whether the answer must not be stored. @example refuses: ({ headers }) => headers.has("x-draft") */
  readonly refuses?: ((answer: RuleAnswer) => boolean) | undefined;
  /**
   * Returns changes of the fields of an answer that leaves. They are not stored. If it throws, none.
   *
   * @param keyed the values that `keyed` has given for this request
   */
  readonly respond?:
    | ((
        answer: RuleAnswer,
        keyed: Readonly<Record<Keyed, string | undefined>>,
      ) => RuleEdits | undefined)
    | undefined;
  /**
   * Returns a stream through which the body of a 200 leaves, after ESI; `undefined` for none. It is not stored. A body
   * with a coding, or a part of one, leaves as it is. The answer has no validators and no length, and the client's
   * conditions and ranges are dropped. If it throws, the client gets status 500.
   */
  readonly filter?:
    | ((answer: RuleAnswer) => TransformStream<Uint8Array, Uint8Array> | undefined)
    | undefined;
}

/** The results of `admits`, apart from `undefined`. */
export type RuleAdmission = "checked" | "stale" | Response;
