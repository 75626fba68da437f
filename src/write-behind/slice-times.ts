// Divides time into slices, and defines how late a batch may be, and how long a slice rests before its flush.

/**
 * All isolates of a set must use the same times. `restMs` exceeds `lateMs` by the largest difference of two servers'
 * clocks after a fail-over.
 */
export interface SliceTimes {
  /** The length of a slice. */
  readonly sliceMs: number;
  /** Batches are accepted from this time before the start of their slice until this time after its end. */
  readonly lateMs: number;
  /** A slice is flushed this long after its end, when no more batches can arrive. */
  readonly restMs: number;
  /** How long Redis recognises a repeated batch. Longer than the batch may be accepted. */
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
