// Renews the purge view if it cannot verify a response. A newer view may save an origin request.
import type { PagePlace } from "../site/exchange.ts";
import { questionOf } from "./need.ts";
import type { Candidate } from "../stored/stored-response.ts";
import { judgedUnder, type VerdictQuestion } from "./verdict.ts";

/** Returns whether the purge view cannot verify the response (rules 6 and 7). */
export function isInDoubt(found: Candidate, question: VerdictQuestion): boolean {
  return judgedUnder(question, found).kind === "unverified";
}

/**
 * Waits for a newer view if the current view cannot verify the response. The caller then judges the
 * response again. Never rejects.
 */
export async function settleDoubt(found: Candidate, place: PagePlace): Promise<void> {
  const { afterAnswer, nowAtMs, effects } = place.exchange;
  const { view } = place.exchange.site;
  if (effects === "none" || !isInDoubt(found, questionOf(place))) return;
  const { host } = place.request.key;
  await view.seek({ atMs: nowAtMs(), host, afterAnswer }, found.stored.metadata);
}
