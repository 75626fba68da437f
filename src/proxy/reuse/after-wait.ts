// Decides whether a response that arrived already stale may answer the requests that waited for it.
import type { Candidate } from "../stored/stored-response.ts";
import { mayBeStale, type VerdictQuestion, weigh } from "./verdict.ts";

/**
 * Returns whether a response may answer the requests that waited for it. The response would have to
 * be fresh with a lifetime that begins at its arrival. A purge, the response's `must-revalidate` or
 * `no-cache`, and directives of the request can forbid the answer. Forwarding each of the requests
 * would bring a response that is just as old.
 *
 * This departs from RFC 9111 §4.2.4, by which the response is stale. Otherwise, every waiting
 * request would be forwarded to an origin whose responses expire before they arrive.
 */
export function mayAnswerWhoWaited(candidate: Candidate, question: VerdictQuestion): boolean {
  const weighed = weigh(candidate, question);
  const { noCache, maxAgeSeconds, minFreshSeconds } = question.lookup.directives;
  const wishesForFresher = maxAgeSeconds !== undefined || minFreshSeconds !== undefined;
  if (weighed.judged.kind !== "usable" || !mayBeStale(weighed)) return false;
  if (noCache || wishesForFresher) return false;
  const { requestedAtMs, respondedAtMs } = candidate.stored.metadata;
  const { lifetimeSeconds } = weighed.terms;
  const sinceArrivalSeconds = weighed.ageSeconds - (respondedAtMs - requestedAtMs) / 1_000;
  return lifetimeSeconds > 0 && sinceArrivalSeconds < lifetimeSeconds;
}
