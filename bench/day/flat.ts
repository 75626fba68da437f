// Judges whether what a site holds stays the same from hour to hour.

/** The state of a site at the end of an hour. */
export interface HourSample {
  readonly hour: number;
  readonly requests: number;
  readonly heapBytes: number;
  readonly timers: number;
  /** The records in Redis. */
  readonly keys: number;
  /** The journal grows to 8,192 entries (rule 19 of docs/internals/purge-protocol.md). */
  readonly journalEntries: number;
}

/** By how much a quantity may vary: by a share, or by a constant if that is more. */
interface Tolerance {
  readonly share: number;
  readonly constant: number;
}

/** The quantities that must not grow. */
const tolerances = {
  heapBytes: { share: 0.1, constant: 8_000_000 },
  timers: { share: 0.1, constant: 50 },
  keys: { share: 0.1, constant: 500 },
} as const satisfies Partial<Record<keyof HourSample, Tolerance>>;

/** @returns a sentence for each quantity that has grown */
export function growthIn(samples: readonly HourSample[]): string[] {
  return Object.entries(tolerances).flatMap(([name, tolerance]) => {
    const values = samples.map((sample) => sample[name as keyof typeof tolerances]);
    return growthOf(name, values, tolerance);
  });
}

/**
 * Compares the largest value of the second half with that of the first half. Memory falls at each
 * deployment, so means would depend on the times of the deployments.
 */
export function growthOf(name: string, values: readonly number[], tolerance: Tolerance): string[] {
  const half = Math.floor(values.length / 2);
  if (half === 0) return [];
  const [before, after] = [Math.max(...values.slice(0, half)), Math.max(...values.slice(half))];
  const most = Math.max(before * (1 + tolerance.share), before + tolerance.constant);
  return after > most ? [`${name} grew from ${before} to ${after}.`] : [];
}
