// Answers range requests for an origin that ignores ranges. The isolate fetches the whole response
// once, anonymously, and all range requests wait for that response.
import { discardBody } from "../../cache/record/record.ts";
import { patiently } from "../../base/timeouts.ts";
import type { ForwardFlight } from "../site/forward-outcome.ts";
import type { OriginNeed } from "../reuse/need.ts";
import { PageLookup } from "../reuse/page-lookup.ts";
import { answeredBy } from "./instead-of-origin.ts";
import { startFill } from "./refresh.ts";
import { withoutAsking } from "./without-asking.ts";

/**
 * Answers a range request from the whole response, but only after the origin has ignored a range
 * for this key. Otherwise a client would wait for a whole video even if the origin supports ranges.
 *
 * @returns `undefined` if the range request must be forwarded
 */
export async function wholeFirst(need: OriginNeed): Promise<Response | undefined> {
  const { request, exchange, key } = need;
  const { nowAtMs, rangeless } = exchange.site;
  if (!request.conditions.has("range") || !rangeless.has(key.text, nowAtMs())) return undefined;
  const answer = await withoutAsking(need, { hasWaited: false });
  if (answer !== undefined) return answer;
  const fill = rangeless.fill(key.text, nowAtMs(), () => begun(need));
  const waited = await patiently(fill.ended, request.route.waitTimeoutMs);
  const lookup = new PageLookup(need, exchange);
  const found = await lookup.lookUp();
  if (found !== undefined && lookup.accepts(found)) return answeredBy(found.candidate, need);
  discardBody(found?.candidate.stored);
  // Two failures may be temporary: the runtime ended the leader's request, or the origin failed.
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
