// Draws whether to refresh a stored response or value before it expires (XFetch: Vattani, Chierichetti,
// Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", 2015).

/** A lower bound for the natural logarithm of a random number with 53 bits. */
const logarithmMin = -37;

/**
 * Returns whether to refresh now. The probability rises towards expiry, and rises earlier for a longer fill.
 *
 * @param ttlMs the rest of the lifetime
 * @param fillCostMs the duration of a fill; with 0, no refresh is drawn
 * @param random draws 0 ≤ n < 1
 */
export function isRefreshDrawn(ttlMs: number, fillCostMs: number, random: () => number): boolean {
  if (ttlMs >= -logarithmMin * fillCostMs) return false;
  return ttlMs <= -fillCostMs * Math.log(random());
}
