// Answers ranges for an origin that ignores them: the isolate fetches the whole once, anonymously, and all
// range requests wait for it.
import { discardBody } from "../../cache/record/record.ts";
import { patiently } from "../../base/timeouts.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import type { OriginNeed } from "../reuse/need.ts";
import { Search } from "../reuse/search.ts";
import { answeredBy } from "./instead-of-origin.ts";
import { startFill } from "./refresh.ts";
import { withoutAsking } from "./without-asking.ts";

/**
 * Answers a range from the whole, only after the origin has ignored a range here before. Otherwise a client
 * would wait for a whole film although its origin supports ranges.
 *
 * @returns `undefined` if this range is to be forwarded
 */
export async function wholeFirst(need: OriginNeed): Promise<Response | undefined> {
  const { asked, exchange, key } = need;
  const { nowAtMs, rangeless } = exchange.site;
  if (!asked.conditions.has("range") || !rangeless.has(key.text, nowAtMs())) return undefined;
  const answer = await withoutAsking(need, { hasWaited: false });
  if (answer !== undefined) return answer;
  const fill = rangeless.fill(key.text, nowAtMs(), () => begun(need));
  const waited = await patiently(fill.ended, asked.route.waitTimeoutMs);
  const search = new Search(need, exchange);
  const found = await search.found();
  if (found !== undefined && search.accepts(found)) return answeredBy(found.candidate, need);
  discardBody(found?.candidate.stored);
  // The failure may be temporary: the leader left with its client, or the origin was failing.
  const isOfNow = waited === "abandoned" || fill.outcome?.kind === "origin-failed";
  if (!isOfNow) rangeless.giveUp(key.text, nowAtMs());
  return undefined;
}

function begun(need: OriginNeed): ForwardFlight {
  const { exchange, key } = need;
  const fill = startFill(need);
  exchange.afterAnswer(async () => {
    await fill.ended;
    exchange.site.rangeless.ended(key.text, fill);
  });
  return fill;
}
