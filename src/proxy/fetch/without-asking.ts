// Answers without the origin while it is failing. A probe behind an answer checks it, so no client waits.
import { discardBody } from "../../cache/record/record.ts";
import { storedCandidate, lookedFurther, type OriginNeed } from "../reuse/need.ts";
import { storedMeanwhile } from "./stored-since.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import { probeBehind, startRefresh } from "./refresh.ts";

/**
 * Answers while the origin is down, and for a page that has just failed.
 *
 * @returns `undefined` if the origin is to be asked
 */
export async function withoutAsking(
  need: OriginNeed,
  { hasWaited }: { hasWaited: boolean },
): Promise<Response | undefined> {
  const { asked, exchange, key } = need;
  const state = exchange.site.originHealth.ask(asked, exchange.nowAtMs());
  if (state.kind === "well") return undefined;
  const isDown = state.kind === "down";
  if (isDown && state.isProbe) probeBehind(asked, exchange);
  const known = await lookedFurther(need);
  const kept = storedCandidate(known);
  const stale = await staleInstead(known, "none");
  if (stale !== undefined) {
    if (!isDown && state.isProbe && kept) startRefresh(asked, kept, key, exchange);
    return stale;
  }
  if (isDown) {
    const come = hasWaited ? await storedMeanwhile(known) : undefined;
    return come === undefined ? failurePage("down", known) : answeredBy(come, known);
  }
  if (known !== need) discardBody(kept?.stored);
  return undefined;
}
