// Answers in place of an origin that has failed: with a stale response where one is allowed
// (RFC 5861 §4), else with a page of our own.
import { discardBody } from "../../cache/record/record.ts";
import type { FailedForward } from "../reuse/forward-outcome.ts";
import { settleDoubt } from "../reuse/in-doubt.ts";
import { type Answer, atHand, lookedFurther, type Need, questionOf } from "../reuse/need.ts";
import { decideOnError } from "../reuse/verdict.ts";
import { plainPage } from "../respond/plain-page.ts";
import { type OriginTold, storedAnswer, type StoredAnswerPorts } from "./stored-answer.ts";

type QuestionPorts = Parameters<typeof questionOf>[0]["ports"];
type DoubtPorts = Parameters<typeof settleDoubt>[1]["ports"];

export type StaleInsteadPorts = StoredAnswerPorts & QuestionPorts & DoubtPorts;

/**
 * The stale response, where it may answer. While the origin was waited for, the view may have become
 * too old to tell: then it is renewed first.
 *
 * @param origin what it came to; `unasked` where it is known to fail
 * @returns `undefined` where none may answer
 */
export async function staleInstead(
  need: Need<StaleInsteadPorts>,
  origin: OriginTold | "unasked",
): Promise<Answer | undefined> {
  const known = await lookedFurther(need);
  const kept = atHand(known);
  if (kept !== undefined) await settleDoubt(kept, need);
  const allowed = decideOnError(kept, questionOf(need));
  if (allowed === undefined) {
    if (known !== need) discardBody(kept?.stored);
    return undefined;
  }
  const { candidate, ageSeconds, ttlSeconds, unverified } = allowed;
  need.decision.unverified = unverified;
  const became = { kind: "stale-hit", origin, ageSeconds, ttlSeconds, unverified } as const;
  return storedAnswer(candidate.stored, became, need);
}

/** Where no stale response may answer: a page that tells its client of the failure. */
export function failurePage(
  failed: FailedForward,
  need: Pick<Need, "validating" | "fallback">,
): Answer {
  discardBody(atHand(need)?.stored);
  return { response: plainPage(failed.failure, failed), outcome: "failed" };
}
