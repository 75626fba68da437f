// Lists cases in which Tidemark and http-cache-semantics decide differently whether a stored
// response may answer a request, or may answer after an error.
import type { Member } from "../../../testing/examples/generated-fields.ts";
import type { Difference } from "./difference.ts";
import type { Exchange } from "./exchange.ts";
import { changed, dropMembers } from "./taking-out.ts";
import {
  ageSeconds,
  isFresh,
  says,
  staleSeconds,
  statedSeconds,
  wishedSeconds,
  wishes,
} from "./labels.ts";

const dropNamed = (given: Exchange, ...names: string[]): Exchange =>
  dropMembers(given, ["response"], ({ name }) => names.includes(name));
const dropWish = (given: Exchange, ...names: string[]): Exchange =>
  dropMembers(given, ["asks"], ({ name }) => names.includes(name));

/** Returns whether the response is stale and within its stale-while-revalidate. */
const isInWindow = (given: Exchange): boolean =>
  !isFresh(given) && staleSeconds(given) < (statedSeconds(given, "stale-while-revalidate") ?? 0);

/** Returns whether a stale response may answer, unless one of its directives forbids that. */
const hasStaleAllowance = (given: Exchange): boolean =>
  isInWindow(given) || (!isFresh(given) && wishes(given, "max-stale"));

const isStaleOnError = (given: Exchange): boolean =>
  !isFresh(given) && staleSeconds(given) < (statedSeconds(given, "stale-if-error") ?? 0);

/**
 * Returns whether the response is fresh, or the request or the response may allow its stale use.
 */
const mayAnswer = (given: Exchange): boolean =>
  isFresh(given) || wishes(given, "max-stale") || says(given, "stale-while-revalidate");

export const differencesOfUse: readonly Difference[] = [
  {
    // Tidemark answers with a fresh response that has `must-revalidate` (§5.2.2.2).
    id: "must-revalidate-when-fresh",
    agreedShareMax: { verdict: 0.25 },
    without: (given) => (isFresh(given) ? dropNamed(given, "must-revalidate") : given),
  },
  {
    // Tidemark answers HEAD from the stored response to GET (§4, RFC 9110 §9.3.2).
    id: "head-from-get",
    agreedShareMax: { verdict: 0.5 },
    without: (given) =>
      given.asks.method === "HEAD" && mayAnswer(given)
        ? changed(given, "asks", { method: "GET" })
        : given,
  },
  {
    // Tidemark never answers with a stale response that has `no-cache` or `proxy-revalidate`
    // (§5.2.2.4, §5.2.2.8, §4.2.4).
    id: "no-cache-used-stale",
    agreedShareMax: { verdict: 0.55 },
    without: (given) => (hasStaleAllowance(given) ? dropNamed(given, "no-cache") : given),
  },
  {
    // Tidemark never answers with a stale response that has `no-cache` or `proxy-revalidate`
    // (§5.2.2.4, §5.2.2.8, §4.2.4).
    id: "proxy-revalidate-used-stale",
    agreedShareMax: { verdict: 0.7 },
    without: (given) => (hasStaleAllowance(given) ? dropNamed(given, "proxy-revalidate") : given),
  },
  {
    // Tidemark answers 504 to `only-if-cached` if no stored response may answer (§5.2.1.7).
    id: "only-if-cached",
    agreedShareMax: { verdict: 0.15 },
    without: (given) => dropWish(given, "only-if-cached"),
  },
  {
    // Tidemark answers with a response that is stale by exactly `max-stale` seconds (§5.2.1.2).
    id: "max-stale-to-the-second",
    agreedShareMax: { verdict: 0.25 },
    without: (given) =>
      wishedSeconds(given, "max-stale") === staleSeconds(given)
        ? dropWish(given, "max-stale")
        : given,
  },
  {
    // Tidemark forwards a request with `max-stale` if the stored response is stale and has
    // `s-maxage` (§5.2.2.10).
    id: "max-stale-beside-s-maxage",
    agreedShareMax: { verdict: 0.55 },
    without: (given) =>
      !isFresh(given) && says(given, "s-maxage") ? dropWish(given, "max-stale") : given,
  },
  {
    // Tidemark if `max-stale` and `stale-while-revalidate` both allow a stale answer, refreshes
    // the response (RFC 5861 §3; the clause allows both).
    id: "max-stale-and-a-window",
    agreedShareMax: { verdict: 0.8 },
    without: (given) => (isInWindow(given) ? dropWish(given, "max-stale") : given),
  },
  {
    // Tidemark forwards a request with `max-age` or `min-fresh` if the stored response is stale,
    // even within `stale-while-revalidate` (§5.2.1.1, §5.2.1.3).
    id: "freshness-asked-of-a-window",
    agreedShareMax: { verdict: 0.55 },
    without: (given) => {
      if (!isInWindow(given)) return given;
      const isYoungEnough = ageSeconds(given) <= (wishedSeconds(given, "max-age") ?? -1);
      const isJustStale = staleSeconds(given) === 0 && wishedSeconds(given, "min-fresh") === 0;
      return isYoungEnough || isJustStale ? dropWish(given, "max-age", "min-fresh") : given;
    },
  },
  {
    // Tidemark obeys `max-stale` if a request has `max-stale` and `min-fresh` (§5.2.1.2,
    // §5.2.1.3; the clause allows both).
    id: "min-fresh-and-max-stale",
    agreedShareMax: { verdict: 0.35 },
    without: (given) => (wishes(given, "max-stale") ? dropWish(given, "min-fresh") : given),
  },
  {
    // Tidemark ignores `max-age=abc` and `min-fresh=60s` in a request (§5.2.1, §1.2.2; the
    // clause allows both).
    id: "wish-unreadable",
    agreedShareMax: { verdict: 0.8 },
    without: (given) => (mayAnswer(given) ? dropMembers(given, ["asks"], isUnreadable) : given),
  },
  {
    // Tidemark reads Pragma in a request only if Cache-Control is absent (§5.4; the clause
    // allows both).
    id: "pragma-beside-cache-control",
    agreedShareMax: { verdict: 0.7 },
    without: (given) =>
      given.asks.control !== undefined && given.asks.pragma !== undefined && mayAnswer(given)
        ? changed(given, "asks", { pragma: undefined })
        : given,
  },
  {
    // Tidemark obeys `NO-CACHE` in Pragma, and ignores `x-no-cache` (§5.4).
    id: "pragma-text",
    agreedShareMax: { verdict: 0.4 },
    without: (given) =>
      ["NO-CACHE", "x-no-cache"].includes(given.asks.pragma ?? "") && mayAnswer(given)
        ? changed(given, "asks", { pragma: undefined })
        : given,
  },
  {
    // Tidemark never replaces an error by a stale response that has `must-revalidate`,
    // `proxy-revalidate` or `no-cache` (§5.2.2.2, §5.2.2.4, §4.2.4).
    id: "error-despite-must-revalidate",
    agreedShareMax: { "on-error": 0.15 },
    without: (given) =>
      isStaleOnError(given) ? dropNamed(given, "must-revalidate", "proxy-revalidate") : given,
  },
  {
    // Tidemark never replaces an error by a stale response that has `must-revalidate`,
    // `proxy-revalidate` or `no-cache` (§5.2.2.2, §5.2.2.4, §4.2.4).
    id: "error-despite-no-cache",
    agreedShareMax: { "on-error": 0 },
    without: (given) => (isStaleOnError(given) ? dropNamed(given, "no-cache") : given),
  },
];

/** Returns whether a directive has an unreadable number. Only max-stale needs none. */
function isUnreadable({ name, oddity }: Member): boolean {
  return oddity === "number-and-more" || (oddity === "unreadable" && name !== "max-stale");
}
