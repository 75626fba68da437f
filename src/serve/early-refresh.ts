// Is it time to refresh a response that is still fresh, so that nobody has to wait once it is not?
import type { Route } from "../config.ts";

export interface EarlyRefreshAsk {
  readonly route: Pick<Route, "earlyRefresh" | "refreshAheadSeconds">;
  readonly ttlSeconds: number;
  readonly ageSeconds: number;
  /** What it took to fetch it. */
  readonly fillCostMs: number;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

/** No draw of 53 bits has a smaller logarithm. */
const logarithmMin = -37;

/**
 * Surely within the route's `refreshAhead`, which is at most half of a lifetime; before that with
 * a probability that rises towards the expiry, the earlier the costlier the fill is (XFetch:
 * Vattani, Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", 2015).
 */
export function isRefreshDue(ask: EarlyRefreshAsk): boolean {
  const { route, ttlSeconds, ageSeconds, fillCostMs, random } = ask;
  const lifetimeSeconds = ageSeconds + ttlSeconds;
  if (ttlSeconds <= Math.min(route.refreshAheadSeconds, lifetimeSeconds / 2)) return true;
  const reachSeconds = (fillCostMs / 1_000) * route.earlyRefresh;
  if (ttlSeconds >= -logarithmMin * reachSeconds) return false;
  return ttlSeconds <= -reachSeconds * Math.log(random());
}
