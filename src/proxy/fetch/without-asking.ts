// Answers without the origin while the origin or the page fails. A background probe or refresh
// checks the origin, so no client waits.
import { discardBody } from "../../cache/record/record.ts";
import { storedCandidate, lookedUpFurther, type OriginNeed } from "../reuse/need.ts";
import { storedMeanwhile } from "./stored-since.ts";
import { answeredBy, failurePage, staleInstead } from "./instead-of-origin.ts";
import { probeBehind, startRefresh } from "./refresh.ts";

/**
 * Answers while the origin is down, with a stored response or else with an error page. For a page
 * that has just failed, answers only with a stored response.
 *
 * @returns `undefined` if the request must be forwarded
 */
export async function withoutAsking(
  need: OriginNeed,
  { hasWaited }: { hasWaited: boolean },
): Promise<Response | undefined> {
  const { request, exchange, key } = need;
  const state = exchange.site.originHealth.ask(request, exchange.nowAtMs());
  if (state.kind === "well") return undefined;
  const isDown = state.kind === "down";
  if (isDown && state.isProbe) probeBehind(request, exchange);
  const known = await lookedUpFurther(need);
  const kept = storedCandidate(known);
  const stale = await staleInstead(known, "none");
  if (stale !== undefined) {
    if (!isDown && state.isProbe && kept) startRefresh(request, kept, key, exchange);
    return stale;
  }
  if (isDown) {
    const come = hasWaited ? await storedMeanwhile(known) : undefined;
    return come === undefined ? failurePage("down", known) : answeredBy(come, known);
  }
  if (known !== need) discardBody(kept?.stored);
  return undefined;
}
