// Why a test of the public suite is not passed. Every miss, required or optimal, has its reason here.

const forged =
  "The origin resets the connection, and 502 answers, which has no `Server-Request-Count` of the " +
  "origin's: the suite takes that for a stored response. Only a forged field would pass.";
const runtime = "The runtime itself refuses the method `M-SEARCH` with 501; no request reaches us.";
const cookies =
  "A response that sets a cookie nobody knows is not stored, since a cookie is for one client " +
  "(RFC 9111 §7.3 leaves that to the cache); so there is nothing to be reused or freshened.";
const partial =
  "A 206 is not stored (RFC 9111 §3.3 leaves it open). The suite's own 206 has five bytes for a " +
  "`Content-Range` of six, which a cache that stores parts would have to refuse.";
const authorized =
  "A request with `Authorization` is always passed by, also where RFC 9111 §3.5 would allow a " +
  "stored response.";

export const whyMissed: Readonly<Record<string, string>> = {
  "age-parse-prefix":
    "An `Age` with two values, `0,7200`, counts as stale, as every malformed one does; RFC 9111 §5.1 would " +
    "take the first. The suite itself asks for staleness where the two stand on lines of their own, " +
    "which a Worker is given as one.",
  "stale-close-must-revalidate": forged,
  "stale-close-proxy-revalidate": forged,
  "stale-close-no-cache": forged,
  "stale-close-s-maxage=2": forged,
  "headers-store-Set-Cookie": cookies,
  "304-etag-update-response-Set-Cookie": cookies,
  "other-set-cookie": cookies,
  "304-etag-update-response-ETag":
    "A 304 with another strong `ETag` than the one that was sent must update nothing (RFC 9111 §4.3.4), " +
    "so the origin is asked again without a condition; the suite expects the stored response, fresh again.",
  "invalidate-M-SEARCH": runtime,
  "invalidate-M-SEARCH-cl": runtime,
  "invalidate-M-SEARCH-failed": runtime,
  "method-POST": "An answer to `POST` is never stored (RFC 9110 §9.3.3 leaves it open).",
  "vary-normalise-lang-order":
    "Languages of equal weight are kept in their order, since some origins take the first for the " +
    "dearest (RFC 9110 §12.5.4 says so).",
  "vary-normalise-lang-select":
    "A field that `Vary` names has to match (RFC 9111 §4.1); that the stored page's language would do " +
    "too is the origin's to say.",
  "conditional-lm-fresh-no-lm":
    "Without `Last-Modified` the `Date` is compared (RFC 9111 §4.3.2). The stored one is later than the " +
    "client's, so a 304 would be wrong.",
  "partial-store-partial-reuse-partial": partial,
  "partial-store-partial-reuse-partial-byterange": partial,
  "partial-store-partial-reuse-partial-absent": partial,
  "partial-store-partial-reuse-partial-suffix": partial,
  "partial-store-partial-complete": partial,
  "other-authorization-public": authorized,
  "other-authorization-must-revalidate": authorized,
  "other-authorization-smaxage": authorized,
  "other-cookie":
    "A request with a cookie that nobody knows may belong to a session, and is answered only with what " +
    "the origin shared explicitly; a name in `cookies.harmless` changes that.",
};
