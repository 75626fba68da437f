// Where the two decide differently what a stored response may answer, and what after an error.
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

/** Stale, and within stale-while-revalidate. */
const isInWindow = (given: Exchange): boolean =>
  !isFresh(given) && staleSeconds(given) < (statedSeconds(given, "stale-while-revalidate") ?? 0);

/** Were it not for a directive that forbids stale use. */
const isStaleWithLeave = (given: Exchange): boolean =>
  isInWindow(given) || (!isFresh(given) && wishes(given, "max-stale"));

const isStaleOnError = (given: Exchange): boolean =>
  !isFresh(given) && staleSeconds(given) < (statedSeconds(given, "stale-if-error") ?? 0);

/** Fresh, or stale with some leave, be it only of the request. */
const mayAnswer = (given: Exchange): boolean =>
  isFresh(given) || wishes(given, "max-stale") || says(given, "stale-while-revalidate");

export const differencesOfUse: readonly Difference[] = [
  {
    id: "must-revalidate-when-fresh",
    agreedShareMax: { verdict: 0.25 },
    without: (given) => (isFresh(given) ? dropNamed(given, "must-revalidate") : given),
    ours: "answers with it while it is fresh",
    theirs: "never answers with it unvalidated",
    clause: "RFC 9111 §5.2.2.2",
    right: "ours",
    why: "the directive applies to a response that has become stale",
  },
  {
    id: "head-from-get",
    agreedShareMax: { verdict: 0.5 },
    without: (given) =>
      given.asks.method === "HEAD" && mayAnswer(given)
        ? changed(given, "asks", { method: "GET" })
        : given,
    ours: "answers HEAD from the stored response to GET",
    theirs: "treats the methods as different",
    clause: "RFC 9111 §4, RFC 9110 §9.3.2",
    right: "ours",
    why: "the clause on HEAD allows it",
  },
  {
    id: "no-cache-used-stale",
    agreedShareMax: { verdict: 0.55 },
    without: (given) => (isStaleWithLeave(given) ? dropNamed(given, "no-cache") : given),
    ours: "never answers with a no-cache response unvalidated",
    theirs: "answers with it under max-stale or stale-while-revalidate",
    clause: "RFC 9111 §5.2.2.4, §4.2.4",
    right: "ours",
    why: "no-cache forbids use without validation, especially stale use",
  },
  {
    id: "proxy-revalidate-used-stale",
    agreedShareMax: { verdict: 0.7 },
    without: (given) => (isStaleWithLeave(given) ? dropNamed(given, "proxy-revalidate") : given),
    ours: "never answers stale with a proxy-revalidate response",
    theirs: "does, under max-stale or stale-while-revalidate",
    clause: "RFC 9111 §5.2.2.8, §4.2.4",
    right: "ours",
    why: "to a shared cache it is must-revalidate",
  },
  {
    id: "only-if-cached",
    agreedShareMax: { verdict: 0.15 },
    without: (given) => dropWish(given, "only-if-cached"),
    ours: "answers 504 if no stored response may answer",
    theirs: "does not implement it, and would forward the request",
    clause: "RFC 9111 §5.2.1.7",
    right: "ours",
    why: "a stored response or 504",
  },
  {
    id: "max-stale-to-the-second",
    agreedShareMax: { verdict: 0.25 },
    without: (given) =>
      wishedSeconds(given, "max-stale") === staleSeconds(given)
        ? dropWish(given, "max-stale")
        : given,
    ours: "answers if a response is stale by exactly max-stale",
    theirs: "forwards from that second on",
    clause: "RFC 9111 §5.2.1.2",
    right: "ours",
    why: "stale by no more than that number of seconds",
  },
  {
    id: "max-stale-beside-s-maxage",
    agreedShareMax: { verdict: 0.55 },
    without: (given) =>
      !isFresh(given) && says(given, "s-maxage") ? dropWish(given, "max-stale") : given,
    ours: "forwards if max-stale meets a stale response with s-maxage",
    theirs: "answers with it",
    clause: "RFC 9111 §5.2.2.10",
    right: "ours",
    why: "s-maxage has the meaning of proxy-revalidate in a shared cache",
  },
  {
    id: "max-stale-and-a-window",
    agreedShareMax: { verdict: 0.8 },
    without: (given) => (isInWindow(given) ? dropWish(given, "max-stale") : given),
    ours: "answers stale and refreshes, within stale-while-revalidate",
    theirs: "answers stale under max-stale, and refreshes nothing",
    clause: "RFC 5861 §3",
    right: "both",
    why: "either allowance suffices; a refresh serves the next client",
  },
  {
    id: "freshness-asked-of-a-window",
    agreedShareMax: { verdict: 0.55 },
    without: (given) => {
      if (!isInWindow(given)) return given;
      const isYoungEnough = ageSeconds(given) <= (wishedSeconds(given, "max-age") ?? -1);
      const isJustStale = staleSeconds(given) === 0 && wishedSeconds(given, "min-fresh") === 0;
      return isYoungEnough || isJustStale ? dropWish(given, "max-age", "min-fresh") : given;
    },
    ours: "forwards if a request with max-age or min-fresh meets a stale response",
    theirs: "answers within stale-while-revalidate if age and lifetime meet those numbers",
    clause: "RFC 9111 §5.2.1.1, §5.2.1.3",
    right: "ours",
    why: "without max-stale the client rejects stale responses",
  },
  {
    id: "min-fresh-and-max-stale",
    agreedShareMax: { verdict: 0.35 },
    without: (given) => (wishes(given, "max-stale") ? dropWish(given, "min-fresh") : given),
    ours: "lets max-stale answer although min-fresh is not met",
    theirs: "lets min-fresh decide",
    clause: "RFC 9111 §5.2.1.2, §5.2.1.3",
    right: "both",
    why: "the directives contradict each other, and both are advisory",
  },
  {
    id: "wish-unreadable",
    agreedShareMax: { verdict: 0.8 },
    without: (given) => (mayAnswer(given) ? dropMembers(given, ["asks"], isUnreadable) : given),
    ours: "ignores a request's max-age=abc or min-fresh=60s",
    theirs: "reads 0, or the number at its beginning",
    clause: "RFC 9111 §5.2.1, §1.2.2",
    right: "both",
    why: "a request's directives are advisory, and the clause does not cover invalid ones",
  },
  {
    id: "pragma-beside-cache-control",
    agreedShareMax: { verdict: 0.7 },
    without: (given) =>
      given.asks.control !== undefined && given.asks.pragma !== undefined && mayAnswer(given)
        ? changed(given, "asks", { pragma: undefined })
        : given,
    ours: "reads a request's Pragma only if Cache-Control is absent",
    theirs: "reads it always",
    clause: "RFC 9111 §5.4",
    right: "both",
    why: "the field is deprecated, and the clause does not cover both together",
  },
  {
    id: "pragma-text",
    agreedShareMax: { verdict: 0.4 },
    without: (given) =>
      ["NO-CACHE", "x-no-cache"].includes(given.asks.pragma ?? "") && mayAnswer(given)
        ? changed(given, "asks", { pragma: undefined })
        : given,
    ours: "reads `NO-CACHE` in Pragma, and not `x-no-cache`",
    theirs: "looks for the lower-case letters anywhere",
    clause: "RFC 9111 §5.4",
    right: "ours",
    why: "the field contains directives",
  },
  {
    id: "error-despite-must-revalidate",
    agreedShareMax: { "on-error": 0.15 },
    without: (given) =>
      isStaleOnError(given) ? dropNamed(given, "must-revalidate", "proxy-revalidate") : given,
    ours: "never replaces an error by a stale response with must-revalidate or proxy-revalidate",
    theirs: "does, within stale-if-error",
    clause: "RFC 9111 §5.2.2.2, §4.2.4; RFC 5861 §4",
    right: "ours",
    why: "stale use is forbidden despite any allowance",
  },
  {
    id: "error-despite-no-cache",
    agreedShareMax: { "on-error": 0 },
    without: (given) => (isStaleOnError(given) ? dropNamed(given, "no-cache") : given),
    ours: "never replaces an error by a no-cache response",
    theirs: "does, within stale-if-error",
    clause: "RFC 9111 §5.2.2.4, §4.2.4",
    right: "ours",
    why: "no-cache forbids use without validation",
  },
];

/** max-stale alone means something without a number. */
function isUnreadable({ name, oddity }: Member): boolean {
  return oddity === "number-and-more" || (oddity === "unreadable" && name !== "max-stale");
}
