// Decides whether a response that arrived already stale may answer the requests that waited for it.
import type { Candidate } from "../stored/stored-response.ts";
import { mayBeStale, type VerdictQuestion, weigh } from "./verdict.ts";

/**
 * Returns whether a response may answer the requests that waited for it, counting its lifetime from its
 * arrival. A forward of their own would bring a response just as old.
 *
 * Departs from RFC 9111 §4.2.4, by which it is stale. Otherwise every waiting request would go to an origin
 * that takes longer to answer than its responses live.
 */
export function mayAnswerWhoWaited(candidate: Candidate, question: VerdictQuestion): boolean {
  const weighed = weigh(candidate, question);
  const { noCache, maxAgeSeconds, minFreshSeconds } = question.asked.directives;
  const wishesForFresher = maxAgeSeconds !== undefined || minFreshSeconds !== undefined;
  if (weighed.judged.kind !== "usable" || !mayBeStale(weighed)) return false;
  if (noCache || wishesForFresher) return false;
  const { requestedAtMs, respondedAtMs } = candidate.stored.metadata;
  const { lifetimeSeconds } = weighed.terms;
  const sinceArrivalSeconds = weighed.ageSeconds - (respondedAtMs - requestedAtMs) / 1_000;
  return lifetimeSeconds > 0 && sinceArrivalSeconds < lifetimeSeconds;
}
