// The reasons why Tidemark, as configured, does not pass tests of the public suite. Every required
// and every optimal miss has its reason here.

/** `release`: the npm release. `head`: a clone of the repository. */
export type Edition = "release" | "head";

const forged =
  "The origin resets the connection, and Tidemark answers 502. Only the origin sends " +
  "`Server-Request-Count`, so the suite mistakes this 502 for a stored response.";
const sMaxage =
  "The route's `staleIfError` allows a stale answer in spite of `s-maxage` (RFC 9111 §5.2.2.10).";
const method =
  "workerd refuses the method `M-SEARCH` with 501, so the request does not reach Tidemark.";
const cookie =
  "Tidemark stores no cookie, because a cookie is for one client (RFC 9111 §7.3 leaves this open).";
const partial =
  "Tidemark does not store a 206 (RFC 9111 §3.3 leaves this open). The suite's own 206 has five " +
  "bytes for a `Content-Range` of six, which a cache would have to refuse.";
const authorized =
  "A request with `Authorization` always goes to the origin, and its response is never stored.";
const ageIgnored =
  "This edition expects a stale response. By RFC 9111 §5.1 and by the head, a cache ignores the " +
  "field.";
const firstAge =
  "This edition expects a stale response. By RFC 9111 §5.1 and by the head, a cache uses the " +
  "first value.";
const interim =
  "workerd passes no 1xx response from the origin to a Worker, and a Worker cannot send a 1xx " +
  "response.";

/** By the id of the test. */
const inBoth: Readonly<Record<string, string>> = {
  "stale-close-s-maxage=2": sMaxage,
  "headers-store-Set-Cookie": cookie,
  "other-set-cookie": cookie,
  "invalidate-M-SEARCH": method,
  "invalidate-M-SEARCH-failed": method,
  "method-POST": "Tidemark never stores a response to `POST` (RFC 9110 §9.3.3 leaves this open).",
  "vary-normalise-lang-order":
    "Languages of equal weight keep their order, because some origins prefer the first language " +
    "(RFC 9110 §12.5.4).",
  "vary-normalise-lang-select":
    "Only the origin can decide that the language of a stored page also suits another list.",
  "conditional-lm-fresh-no-lm":
    "Without `Last-Modified`, Tidemark compares `Date` (RFC 9111 §4.3.2). The stored date is " +
    "later than the client's, so 304 would be wrong.",
  "partial-store-partial-reuse-partial": partial,
  "partial-store-partial-reuse-partial-byterange": partial,
  "partial-store-partial-reuse-partial-absent": partial,
  "partial-store-partial-reuse-partial-suffix": partial,
  "partial-store-partial-complete": partial,
  "other-authorization-public": authorized,
  "other-authorization-must-revalidate": authorized,
  "other-authorization-smaxage": authorized,
};

const inOne: Readonly<Record<Edition, Readonly<Record<string, string>>>> = {
  release: {
    "age-parse-nonnumeric": ageIgnored,
    "age-parse-negative": ageIgnored,
    "age-parse-float": ageIgnored,
    "age-parse-prefix-twoline": firstAge,
    "age-parse-dup-0": firstAge,
    "age-parse-dup-0-twoline": firstAge,
    "age-parse-dup-old": firstAge,
    "stale-close-must-revalidate": forged,
    "stale-close-proxy-revalidate": forged,
    "stale-close-no-cache": forged,
    "304-etag-update-response-ETag":
      "A 304 whose strong `ETag` differs from the requested `ETag` updates nothing (RFC 9111 " +
      "§4.3.4). Tidemark requests the page again without a condition. The suite expects the " +
      "stored response.",
    "304-etag-update-response-Set-Cookie": cookie,
    "invalidate-M-SEARCH-cl": method,
  },
  head: {
    "other-authorization":
      "Tidemark adds `private` to `Cache-Control`, and the test does not expect that.",
    "interim-not-cached": interim,
    "interim-102": interim,
    "interim-103": interim,
    "interim-no-header-reuse": interim,
  },
};

/** Returns the reasons for an edition, by the id of the test. */
export function reasonsFor(edition: Edition): Readonly<Record<string, string>> {
  return { ...inBoth, ...inOne[edition] };
}
