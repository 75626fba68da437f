// Decides whether a response that arrived already stale may answer the requests that waited for it.
import type { Candidate } from "../stored/stored-response.ts";
import { mayBeStale, type VerdictQuestion, weigh } from "./verdict.ts";

/**
 * Returns whether a response may answer the requests that waited for it. The response must be fresh
 * when the duration of its forward is subtracted from its age. A purge, an unverified judgement,
 * the response's `must-revalidate` or `no-cache`, and directives of the request forbid the answer.
 *
 * This departs from RFC 9111 §4.2.4, by which the response is stale. Otherwise, each waiting
 * request would be forwarded, and its response would arrive just as old.
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
