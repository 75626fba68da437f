// Time is cut into slices. How long a batch may be late, and how long a slice rests before it is taken.

/**
 * What all isolates of a set must agree on. `restMs` is over `lateMs` by as much as the clocks of two
 * servers may differ after a fail-over.
 */
export interface SliceTimes {
  /** How long a slice is. */
  readonly sliceMs: number;
  /** A batch is accepted for that long after the end of its slice, and for that long before its beginning. */
  readonly lateMs: number;
  /** A slice is taken that long after its end: nothing can come into it by then. */
  readonly restMs: number;
  /** How long Redis knows a batch again: longer than it may be accepted. */
  readonly seenMs: number;
}

export const usualTimes: SliceTimes = {
  sliceMs: 10_000,
  lateMs: 10_000,
  restMs: 30_000,
  seenMs: 120_000,
};

/** @returns the number of the slice of an instant */
export function sliceAt(atMs: number, { sliceMs }: SliceTimes): number {
  return Math.floor(atMs / sliceMs);
}

/** @returns how long ago a slice has ended; below 0 while it lasts */
export function ageMsOf(slice: number, atMs: number, { sliceMs }: SliceTimes): number {
  return atMs - (slice + 1) * sliceMs;
}
