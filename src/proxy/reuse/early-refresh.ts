// Decides whether to refresh a response while it may still answer, so that no client waits later.
import type { Exchange } from "../site/exchange.ts";
import type { LookupSite } from "../site/site.ts";
import { isInDoubt } from "./in-doubt.ts";
import { termsOf } from "../stored/lifetime.ts";
import { questionOf } from "./need.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { Candidate } from "../stored/stored-response.ts";
import type { AnsweringVerdict, Timing } from "./verdict.ts";

interface Hit {
  readonly asked: LookupRequest;
  readonly exchange: Exchange<LookupSite>;
  readonly atMs: number;
}

/** Returns whether the answer has expired, will expire soon, or will soon be unverified. */
export function isRefreshDue(answer: AnsweringVerdict, hit: Hit): boolean {
  if (answer.kind === "serve-stale") return answer.by === "stale-while-revalidate";
  return isExpiryNear(answer, hit) || isTrustEnding(answer.candidate, hit);
}

/** The smallest logarithm of a random number with 53 bits. */
const logarithmMin = -37;

/**
 * Returns whether to refresh because the response expires soon. Never true in the first half of a lifetime,
 * so that a lifetime costs at most two requests. Always true within the route's `refreshAhead`.
 * Before that the probability rises towards expiry, earlier for costlier fills. (XFetch: Vattani,
 * Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", 2015.)
 */
export function isExpiryNear(
  { candidate, ageSeconds, ttlSeconds }: Timing,
  {
    asked,
    exchange,
  }: { asked: Pick<LookupRequest, "route">; exchange: { site: Pick<LookupSite, "random"> } },
): boolean {
  const { route } = asked;
  const { metadata } = candidate.stored;
  if (ttlSeconds > (ageSeconds + ttlSeconds) / 2) return false;
  if (ttlSeconds <= route.refreshAheadSeconds) return true;
  // With stale-while-revalidate, no client waits at expiry anyway.
  const usualEagerness = termsOf(metadata, route).staleWhileRevalidateSeconds > 0 ? 0 : 1;
  const reachSeconds = (metadata.fillCostMs / 1_000) * (route.earlyRefresh ?? usualEagerness);
  if (ttlSeconds >= -logarithmMin * reachSeconds) return false;
  return ttlSeconds <= -reachSeconds * Math.log(exchange.site.random());
}

/** The last share of the time in which responses are trusted while the journal is unreadable. */
const trustAheadShare = 0.4;

/** Returns whether the response will soon be unverified because the journal cannot be read. */
function isTrustEnding(candidate: Candidate, hit: Hit): boolean {
  const { asked, exchange } = hit;
  const { site } = exchange;
  const { purgeMaxLagMs, servesUnverified } = asked.route;
  if (site.view.failedAtMs === undefined || servesUnverified) return false;
  const trustedMs = purgeMaxLagMs - site.config.purge.allowanceMs;
  return isInDoubt(candidate, questionOf(hit, hit.atMs + trustAheadShare * trustedMs));
}
