// Answers in place of an origin that has failed: with a stale response where one is allowed
// (RFC 5861 §4), else with a page of our own.
import { discardBody } from "../../cache/record/record.ts";
import { plainPage } from "../respond/plain-page.ts";
import { fromStored } from "../respond/respond.ts";
import type { FailedForward } from "../reuse/forward-outcome.ts";
import { type DoubtPorts, settleDoubt } from "../reuse/in-doubt.ts";
import { atHand, lookedFurther, type Need, questionOf } from "../reuse/need.ts";
import { decideOnError, isExempt } from "../reuse/verdict.ts";
import type { StoredAnswerPorts } from "./stored-answer.ts";

export type StaleInsteadPorts = StoredAnswerPorts & DoubtPorts;

/**
 * The stale response, where it may answer. While the origin was waited for, the view may have become
 * too old to tell: then it is renewed first.
 *
 * @param who asked the origin: this request, another, or none since the origin is known to fail
 * @returns `undefined` where none may answer
 */
export async function staleInstead(
  need: Need<StaleInsteadPorts>,
  who: "this" | "another" | "none",
): Promise<Response | undefined> {
  const known = await lookedFurther(need);
  const kept = atHand(known);
  if (kept !== undefined) await settleDoubt(kept, need);
  const allowed = decideOnError(kept, questionOf(need));
  if (allowed === undefined) {
    if (known !== need) discardBody(kept?.stored);
    return undefined;
  }
  const { decision } = need;
  if (who === "none") decision.kind = "hit";
  decision.collapsed = who === "another";
  decision.ttlSeconds = allowed.ttlSeconds;
  decision.unverified = isExempt(allowed.judged);
  decision.detail = "stale-if-error";
  decision.outcome = "stale-hit";
  return fromStored(allowed.candidate.stored, allowed.ageSeconds, need);
}

/** Where no stale response may answer: a page that tells its client of the failure. */
export function failurePage(
  failed: FailedForward,
  need: Pick<Need, "validating" | "fallback" | "decision">,
): Response {
  discardBody(atHand(need)?.stored);
  need.decision.outcome = "failed";
  return plainPage(failed.failure, failed);
}
