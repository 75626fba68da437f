// Divides time into slices. Defines how late a batch may be, and how long a slice rests before its
// flush.

/**
 * The times of slices. All isolates of a set must use the same times. `restMs` minus `lateMs` is
 * the largest clock difference that two servers may have at a failover.
 */
export interface SliceTimes {
  /** The length of a slice. */
  readonly sliceMs: number;
  /**
   * The longest time before the start of a slice, and after its end, in which Redis accepts batches
   * of the slice.
   */
  readonly lateMs: number;
  /** The minimum time from a slice's end to its flush. After it, Redis accepts no more batches. */
  readonly restMs: number;
  /**
   * How long Redis recognizes a repeated batch. This exceeds the time in which the batch may be
   * accepted.
   */
  readonly seenMs: number;
}

export const usualTimes: SliceTimes = {
  sliceMs: 10_000,
  lateMs: 10_000,
  restMs: 30_000,
  seenMs: 120_000,
};

/** Returns the number of the slice at an instant. */
export function sliceAt(atMs: number, { sliceMs }: SliceTimes): number {
  return Math.floor(atMs / sliceMs);
}

/** Returns the time since a slice ended; below 0 before its end. */
export function ageMsOf(slice: number, atMs: number, { sliceMs }: SliceTimes): number {
  return atMs - (slice + 1) * sliceMs;
}
