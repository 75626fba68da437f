// How far apart two readings of a clock are that may be set back between them.

/**
 * Are two instants less than so long apart? Whatever lies in the future was noted before the clock
 * was set back, and counts by how far it lies there: nothing lasts for ever by that.
 *
 * @param ms 0 and less: never; Infinity: always, unless an instant is infinite
 */
export function isWithinMs(ms: number, sinceAtMs: number, atMs: number): boolean {
  return Math.abs(atMs - sinceAtMs) < ms;
}
