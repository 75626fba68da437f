// What the purge view knew too little of is judged by a newer one before it costs an origin request.
import type { Asked } from "../request/plan.ts";
import { type QuestionPorts, questionOf } from "./need.ts";
import { type Candidate, judgedUnder, type VerdictQuestion } from "./verdict.ts";

/** Does the purge view know too little of a stored response (rules 6 and 7 of the purge protocol)? */
export function isInDoubt(found: Candidate, question: VerdictQuestion): boolean {
  return judgedUnder(question, found).kind === "unverified";
}

/** What `settleDoubt` works with. */
export interface DoubtPorts extends QuestionPorts {
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * Waits for a newer view where that may tell more of a stored response, which is to be judged anew
 * then. Never rejects.
 */
export async function settleDoubt(
  found: Candidate,
  given: { readonly asked: Asked; readonly ports: DoubtPorts },
): Promise<void> {
  const { view, afterAnswer, nowAtMs } = given.ports;
  if (!isInDoubt(found, questionOf(given))) return;
  const { host } = given.asked.key;
  await view.seek({ atMs: nowAtMs(), host, afterAnswer }, found.stored.metadata.stamp);
}
