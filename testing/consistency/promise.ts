// The settings of the promise in a run, which follow from N.

/** Returns A: the default for N = 10 s and above, and a fifth of a shorter N. */
export const allowanceMsOf = (maxLagMs: number): number => Math.min(maxLagMs / 5, 1_000);

/** Returns the option `purge` of a configuration. */
export const purgeOf = (maxLagMs: number) => ({
  maxLagSeconds: maxLagMs / 1_000,
  clockAllowanceSeconds: allowanceMsOf(maxLagMs) / 1_000,
});

/**
 * Returns the length of the quiet phase of a long run. An isolate whose database was unreachable retries after
 * pauses of up to 30 s.
 */
export const quietMsOf = (maxLagMs: number): number => 30_000 + 5 * maxLagMs;
