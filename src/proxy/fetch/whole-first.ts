// Answers a range that its origin would answer with the whole: the isolate asks for the whole once,
// in nobody's name and at no client's pace, and all who want a range of it wait for that.
import { discardBody } from "../../cache/record/record.ts";
import { patiently } from "../../base/patience.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import type { Need } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import { answeredBy } from "./instead-of-origin.ts";
import { startFill } from "./refresh.ts";
import { withoutAsking } from "./without-asking.ts";

/**
 * Only where a range has been answered with the whole before: whoever plays a large film of an origin
 * that knows ranges must not wait for all of it.
 *
 * @returns `undefined` where this range is to be forwarded
 */
export async function wholeFirst(need: Need): Promise<Response | undefined> {
  const { asked, exchange, key } = need;
  const { nowAtMs, rangeless } = exchange.site;
  if (!asked.conditions.has("range") || !rangeless.has(key.text, nowAtMs())) return undefined;
  const unasked = await withoutAsking(need, { hasWaited: false });
  if (unasked !== undefined) return unasked;
  const fill = rangeless.fill(key.text, nowAtMs(), () => begun(need));
  const waited = await patiently(fill.ended, asked.route.patienceMs);
  const search = new Search(need, exchange);
  const found = await search.found();
  if (found !== undefined && search.accepts(found)) return answeredBy(found.candidate, need);
  discardBody(found?.candidate.stored);
  // Its leader may have gone with its client, or its origin be in trouble: the next one may be luckier.
  const isOfNow = waited === "abandoned" || fill.outcome?.kind === "origin-failed";
  if (!isOfNow) rangeless.giveUp(key.text, nowAtMs());
  return undefined;
}

function begun(need: Need): ForwardFlight {
  const { exchange, key } = need;
  const fill = startFill(need);
  exchange.afterAnswer(async () => {
    await fill.ended;
    exchange.site.rangeless.ended(key.text, fill);
  });
  return fill;
}
