// Answers with a stored response that another request's forward has brought.
import { discardBody } from "../../cache/record/record.ts";
import { fromStored, type RespondPorts } from "../respond/respond.ts";
import { atHand, type Need } from "../reuse/need.ts";
import type { Candidate } from "../reuse/verdict.ts";
import { ageSeconds, termsOf } from "../stored/lifetime.ts";

export interface StoredAnswerPorts extends RespondPorts {
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
}

/** What the look-up found is not needed any more. */
export function answeredBy({ stored }: Candidate, need: Need<StoredAnswerPorts>): Response {
  const terms = termsOf(stored.metadata, need.asked.route);
  discardBody(atHand(need)?.stored);
  need.decision.collapsed = true;
  need.decision.outcome = "collapsed";
  return fromStored(stored, ageSeconds(stored.metadata, terms, need.ports.nowAtMs()), need);
}
