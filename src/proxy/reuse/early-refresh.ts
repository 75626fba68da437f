// Is it time to refresh a response that may still answer, so that nobody has to wait once it may not?
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import { isInDoubt } from "./in-doubt.ts";
import { termsOf } from "../stored/lifetime.ts";
import { questionOf } from "./need.ts";
import type { Asked } from "../request/plan.ts";
import type { Candidate } from "../stored/stored-response.ts";
import type { Answering, Timing } from "./verdict.ts";

interface Hit {
  readonly asked: Asked;
  readonly exchange: Exchange<LookupSite>;
  readonly atMs: number;
}

/** Is what answers to be refreshed now, since it has expired, soon will, or can soon not be trusted? */
export function isRefreshDue(answer: Answering, hit: Hit): boolean {
  if (answer.kind === "serve-stale") return answer.by === "stale-while-revalidate";
  return isExpiryNear(answer, hit) || isTrustEnding(answer.candidate, hit);
}

/** No draw of 53 bits has a smaller logarithm. */
const logarithmMin = -37;

/**
 * Never in the first half of a lifetime, so that none costs more than two requests. Then surely
 * within the route's `refreshAhead`, and before that with a probability that rises towards the
 * expiry, the earlier the costlier the fill is (XFetch: Vattani, Chierichetti, Lowenstein, "Optimal
 * Probabilistic Cache Stampede Prevention", 2015).
 */
export function isExpiryNear(
  { candidate, ageSeconds, ttlSeconds }: Timing,
  {
    asked,
    exchange,
  }: { asked: Pick<Asked, "route">; exchange: { site: Pick<LookupSite, "random"> } },
): boolean {
  const { route } = asked;
  const { metadata } = candidate.stored;
  if (ttlSeconds > (ageSeconds + ttlSeconds) / 2) return false;
  if (ttlSeconds <= route.refreshAheadSeconds) return true;
  // While it may answer stale, nobody waits at its expiry either.
  const usualEagerness = termsOf(metadata, route).staleWhileRevalidateSeconds > 0 ? 0 : 1;
  const reachSeconds = (metadata.fillCostMs / 1_000) * (route.earlyRefresh ?? usualEagerness);
  if (ttlSeconds >= -logarithmMin * reachSeconds) return false;
  return ttlSeconds <= -reachSeconds * Math.log(exchange.site.random());
}

/** Of the time that a response is trusted while the journal is away: the part in which it is renewed. */
const trustAheadShare = 0.4;

/** While the journal cannot be read: will it soon be too long ago that this one could be trusted? */
function isTrustEnding(candidate: Candidate, hit: Hit): boolean {
  const { asked, exchange } = hit;
  const { site } = exchange;
  const { purgeMaxLagMs, servesUnverified } = asked.route;
  if (site.view.failedAtMs === undefined || servesUnverified) return false;
  const trustedMs = purgeMaxLagMs - site.config.purge.allowanceMs;
  return isInDoubt(candidate, questionOf(hit, hit.atMs + trustAheadShare * trustedMs));
}
