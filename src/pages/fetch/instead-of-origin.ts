// Answers in place of the origin: with a response that another request has stored, with a stale
// response, or with an error page. After a failure, `decideOnError` in reuse/verdict.ts decides
// whether a stale response may answer (RFC 5861 §4).
import { discardBody } from "../../cache/record/record.ts";
import { type PlainPage, plainPage } from "../respond/plain-page.ts";
import { fromStored } from "../respond/respond.ts";
import type { FailedForward } from "../site/forward-outcome.ts";
import {
  lookedUpFurther,
  type OriginNeed,
  questionOf,
  settleDoubt,
  storedCandidate,
} from "../reuse/need.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { decideOnError, isExempt, type WeighedResponse } from "../reuse/verdict.ts";
import { ageSeconds, termsOf } from "../stored/lifetime.ts";

/** Answers with a response that another request has fetched. Discards the lookup's candidate. */
export function answeredBy({ stored, tier }: Candidate, need: OriginNeed): Response {
  const terms = termsOf(stored.metadata, need.request.route);
  discardBody(storedCandidate(need)?.stored);
  need.exchange.decision.collapsed = true;
  need.exchange.decision.outcome = "collapsed";
  need.exchange.decision.tier = tier;
  return fromStored(stored, ageSeconds(stored.metadata, terms, need.exchange.nowAtMs()), need);
}

/** Answers with a stale response, if `standIn` returns one. */
export async function staleInstead(
  need: OriginNeed,
  who: "this" | "another" | "none",
): Promise<Response | undefined> {
  const allowed = await standIn(need, who);
  return allowed && fromStored(allowed.candidate.stored, allowed.ageSeconds, need);
}

/**
 * Returns the stale response that may answer instead of the origin, and records it in the decision.
 * First renews the purge view if the view became too old during the wait.
 *
 * @param who the request that was forwarded: this request, another request, or none because the
 *   origin is known to fail
 * @returns `undefined` if no stale response may answer
 */
export async function standIn(
  need: OriginNeed,
  who: "this" | "another" | "none",
): Promise<WeighedResponse | undefined> {
  const known = await lookedUpFurther(need);
  const kept = storedCandidate(known);
  if (kept !== undefined) await settleDoubt(kept, need);
  const allowed = decideOnError(kept, questionOf(need));
  if (allowed === undefined) {
    if (known !== need) discardBody(kept?.stored);
    return undefined;
  }
  const { decision } = need.exchange;
  if (who === "none") decision.kind = "hit";
  decision.collapsed = who === "another";
  decision.ttlSeconds = allowed.ttlSeconds;
  decision.unverified = isExempt(allowed.judged);
  decision.detail = "stale-if-error";
  decision.outcome = "stale-hit";
  decision.answersFrom(allowed.candidate);
  return allowed;
}

/** Returns an error page. Called if no stale response may answer. */
export function failurePage(page: PlainPage, need: OriginNeed, failed?: FailedForward): Response {
  discardBody(storedCandidate(need)?.stored);
  need.exchange.decision.outcome = "failed";
  return plainPage(page, failed);
}
