// Compares two readings of a clock that may have been set back between them.

/**
 * Returns whether two instants are less than `ms` apart, in either order. If the clock was set
 * back, `sinceAtMs` may be far in the future. The result is then false, so that no state lasts
 * until the clock has caught up.
 *
 * @param ms 0 or less: returns false; Infinity: returns true, unless an instant is infinite
 */
export function isWithinMs(ms: number, sinceAtMs: number, atMs: number): boolean {
  return Math.abs(atMs - sinceAtMs) < ms;
}
