// Decides whether to refresh a response before it expires, so that no client waits later.
import { isRefreshDrawn } from "../../rules/xfetch.ts";
import type { PagePlace } from "../site/exchange.ts";
import { isInDoubt, questionOf } from "./pending-request.ts";
import { termsOf } from "../stored/lifetime.ts";
import type { Candidate } from "../stored/stored-response.ts";
import type { AnsweringVerdict, Timing } from "./may-answer.ts";

/** A request at the instant of its verdict. */
type Hit = PagePlace & { readonly atMs: number };

/**
 * Returns whether to refresh the response after it answers. A refresh is due if the response
 * answers stale by `stale-while-revalidate`, will expire soon, or will soon be unverified.
 */
export function isRefreshDue(answer: AnsweringVerdict, hit: Hit): boolean {
  if (answer.kind === "serve-stale") return answer.by === "stale-while-revalidate";
  return isExpiryNear(answer, hit) || isTrustEnding(answer.candidate, hit);
}

/**
 * Returns whether to refresh because the response expires soon. The result is never true in the
 * first half of a lifetime, so refreshes at most double the requests to the origin. In the second
 * half, the probability rises towards expiry, and rises earlier for slower fills.
 */
export function isExpiryNear(
  { candidate, ageSeconds, ttlSeconds }: Timing,
  { request, exchange }: Hit,
): boolean {
  const { route } = request;
  const { metadata } = candidate.stored;
  if (!route.earlyRefresh || ttlSeconds > (ageSeconds + ttlSeconds) / 2) return false;
  // With stale-while-revalidate, no client waits at expiry anyway.
  if (termsOf(metadata, route).staleWhileRevalidateSeconds > 0) return false;
  return isRefreshDrawn(ttlSeconds * 1_000, metadata.fillCostMs, exchange.site.random);
}

/**
 * While the journal is unreadable, responses stay verified for a limited time. Refreshes begin in
 * the last part of that time. This is the part's length, as a fraction.
 */
const trustAheadShare = 0.4;

/** Returns whether the response will soon be unverified because the journal cannot be read. */
function isTrustEnding(candidate: Candidate, hit: Hit): boolean {
  const { request, exchange } = hit;
  const { site } = exchange;
  const { purgeMaxLagMs, servesUnverified } = request.route;
  if (site.view.failedAtMs === undefined || servesUnverified) return false;
  const trustedMs = purgeMaxLagMs - site.config.purge.allowanceMs;
  return isInDoubt(candidate, questionOf(hit, hit.atMs + trustAheadShare * trustedMs));
}
