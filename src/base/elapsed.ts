// Compares two readings of a clock that may have been set back between them.

/**
 * Returns whether two instants are less than `ms` apart. An instant in the future was noted before
 * the clock was set back. Its distance is also limited, so that no state lasts until the clock has
 * caught up.
 *
 * @param ms 0 or less: never; Infinity: always, unless an instant is infinite
 */
export function isWithinMs(ms: number, sinceAtMs: number, atMs: number): boolean {
  return Math.abs(atMs - sinceAtMs) < ms;
}
