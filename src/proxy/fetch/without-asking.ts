// Answers without the origin while it is known to fail: it is probed behind an answer, and no client
// finds out again.
import { discardBody } from "../../cache/record/record.ts";
import { atHand, lookedFurther, type Need } from "../reuse/need.ts";
import { plainPage } from "../respond/plain-page.ts";
import { storedMeanwhile } from "./come-since.ts";
import { pageOf } from "./origin-health.ts";
import { probeBehind, type RefreshPorts, startRefresh } from "./refresh.ts";
import { staleInstead } from "./stale-instead.ts";
import { answeredBy } from "./stored-answer.ts";

/**
 * While the origin is down, and for a page that has just failed.
 *
 * @returns `undefined` where it is to be asked
 */
export async function withoutAsking(
  need: Need<RefreshPorts>,
  { hasWaited }: { hasWaited: boolean },
): Promise<Response | undefined> {
  const { asked, ports, key } = need;
  const state = ports.originHealth.ask(pageOf(asked), ports.nowAtMs());
  if (state.kind === "well") return undefined;
  const isDown = state.kind === "down";
  if (isDown && state.isProbe) probeBehind(asked, ports);
  const known = await lookedFurther(need);
  const kept = atHand(known);
  const stale = await staleInstead(known, "none");
  if (stale === undefined && (isDown || known !== need)) discardBody(kept?.stored);
  if (stale === undefined && !isDown) return undefined;
  if (!isDown && state.isProbe && kept) startRefresh(asked, kept, key, ports);
  const come = stale === undefined && hasWaited ? await storedMeanwhile(need) : undefined;
  if (come !== undefined) return answeredBy(come, need);
  if (stale !== undefined) return stale;
  need.decision.outcome = "failed";
  return plainPage("down");
}
