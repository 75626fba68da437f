// What may answer those who have waited for another's forward, though it was too slow to be fresh.
import type { Candidate } from "../stored/stored-response.ts";
import { mayBeStale, type VerdictQuestion, weigh } from "./verdict.ts";

/**
 * May a response answer who waited for it, though it took longer to come than it lives? Whoever
 * asked alone would get one as old. Its lifetime counts from its arrival here, then.
 *
 * Departs from RFC 9111 §4.2.4, by which it is stale: a site that is asked for a page more often
 * than it can make one would be asked by each who waited.
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
