// What the purge view knew too little of is judged by a newer one before it costs an origin request.
import type { Asked } from "../request/plan.ts";
import { questionOf } from "./need.ts";
import type { Ports } from "../ports.ts";
import { type Candidate, judgedUnder, type MissReason, type VerdictQuestion } from "./verdict.ts";

export function isInDoubt(
  found: Candidate | MissReason,
  question: VerdictQuestion,
): found is Candidate {
  return typeof found === "object" && judgedUnder(question, found).kind === "unverified";
}

/** @param renewed waits for a renewal of the view that is under way */
export async function settleDoubt(
  found: Candidate,
  given: { asked: Asked; ports: Ports },
  renewed?: () => Promise<void>,
): Promise<void> {
  const { view, afterAnswer, nowAtMs } = given.ports;
  await renewed?.();
  if (!isInDoubt(found, questionOf(given))) return;
  const { host } = given.asked.key;
  await view.seek({ atMs: nowAtMs(), host, afterAnswer }, found.stored.metadata.stamp);
}
