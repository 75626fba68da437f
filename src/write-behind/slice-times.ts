// Divides time into slices. Defines how late a batch may be, and how long a slice rests before its
// flush.

/** The times of slices. All isolates must use the same times. */
export interface SliceTimes {
  /** The length of a slice. */
  readonly sliceMs: number;
  /** Redis accepts a slice's batches from this long before its start to this long after its end. */
  readonly lateMs: number;
  /** The minimum time from a slice's end to its flush. It exceeds `lateMs`. */
  readonly restMs: number;
  /** How long Redis recognizes a repeated batch: longer than it may accept the batch. */
  readonly seenMs: number;
}

export const usualTimes: SliceTimes = {
  sliceMs: 10_000,
  lateMs: 10_000,
  restMs: 30_000,
  seenMs: 120_000,
};

/**
 * How far the time of a set may fall back: by less than `restMs` minus `lateMs`, so that no batch can
 * enter a taken slice.
 */
export const fallMsMax = usualTimes.restMs - usualTimes.lateMs - 1;

/** Returns the number of the slice that contains an instant. */
export function sliceAt(atMs: number, { sliceMs }: SliceTimes): number {
  return Math.floor(atMs / sliceMs);
}

/** Returns the milliseconds since a slice ended; negative before its end. */
export function ageMsOf(slice: number, atMs: number, { sliceMs }: SliceTimes): number {
  return atMs - (slice + 1) * sliceMs;
}
