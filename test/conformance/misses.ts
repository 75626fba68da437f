// The reasons why Tidemark, as configured, does not pass tests of the public suite. Every required
// and every optimal miss has its reason here.

/** `release`: the npm release. `head`: a clone of the repository. */
export type Edition = "release" | "head";

const forged =
  "The origin resets the connection, and Tidemark answers 502 itself. That answer has no " +
  "`Server-Request-Count`, which only the origin sends, and the suite mistakes it for a stored " +
  "response.";
const sMaxage =
  "The origin resets the connection, and the route's `staleIfError` lets the stale response answer " +
  "in spite of `s-maxage` (RFC 9111 §5.2.2.10). As shipped, Tidemark answers 502.";
const method =
  "workerd refuses the method `M-SEARCH` with 501, so the request does not reach Tidemark.";
const cookie =
  "A response that sets a harmless cookie is stored and sent on without `Set-Cookie`; one that sets " +
  "any other cookie is not stored. A cookie is for one client (RFC 9111 §7.3 leaves this open).";
const partial =
  "A 206 is not stored (RFC 9111 §3.3 leaves this open). The suite's own 206 has five bytes for a " +
  "`Content-Range` of six, so a cache that stores parts would have to refuse it.";
const authorized =
  "A request with `Authorization` always goes to the origin, and its response is never stored. RFC " +
  "9111 §3.5 would allow some to be stored.";
const ageIgnored =
  "This edition expects a stale response. RFC 9111 §5.1 ignores the field, and the head " +
  "expects that.";
const firstAge =
  "This edition expects a stale response. RFC 9111 §5.1 uses the first value, and the head " +
  "expects that.";
const interim =
  "workerd neither hands 1xx responses of the origin to a Worker nor lets it send any. Only the " +
  "final response is stored.";

/** By the id of the test. */
export const inBoth: Readonly<Record<string, string>> = {
  "stale-close-s-maxage=2": sMaxage,
  "headers-store-Set-Cookie": cookie,
  "other-set-cookie": cookie,
  "invalidate-M-SEARCH": method,
  "invalidate-M-SEARCH-failed": method,
  "method-POST": "A response to `POST` is never stored (RFC 9110 §9.3.3 leaves this open).",
  "vary-normalise-lang-order":
    "Languages of equal weight keep their order, because some origins prefer the first (RFC 9110 " +
    "§12.5.4 mentions this).",
  "vary-normalise-lang-select":
    "A field that `Vary` names must match (RFC 9111 §4.1). Only the origin can say that a stored " +
    "page's language also suits another list.",
  "conditional-lm-fresh-no-lm":
    "Without `Last-Modified`, the `Date` is compared (RFC 9111 §4.3.2). The stored one is later than " +
    "the client's date, so 304 would be wrong.",
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
      "A 304 with another strong `ETag` than the one that was sent updates nothing (RFC 9111 §4.3.4), " +
      "so Tidemark asks the origin again without a condition. The suite expects the stored response.",
    "304-etag-update-response-Set-Cookie": cookie,
    "invalidate-M-SEARCH-cl": method,
  },
  head: {
    "other-authorization":
      "The response is not reused, as the test asks. The test fails because the first client gets " +
      "`private` added to `Cache-Control`, so that no cache beyond this one reuses it either.",
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
