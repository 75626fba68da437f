// The purge bound as the operator writes it. Each field documents its meaning, unit, default and an
// example.

/** Purge bound of a route, or of all routes. */
export interface WrittenRoutePurge {
  /**
   * N: seconds from the 200 for a purge until the purge takes effect everywhere. More than 2.5 times the
   * clock allowance, at most 3,600. Default: 10.
   * @example maxLagSeconds: 5
   */
  readonly maxLagSeconds?: number | undefined;
  /**
   * Seconds: a response fetched this soon after its purge stays fresh for at most this long, 0 to
   * 3,600. Default: 0, off.
   * @example settleSeconds: 5
   */
  readonly settleSeconds?: number | undefined;
  /**
   * `"ignore"`: `Age` does not prevent storing after a purge. For an application that sends a
   * constant, and for a cache that is always purged before Tidemark. Default: none.
   * @example age: "ignore"
   */
  readonly age?: "ignore" | undefined;
}

/** Purge bound of all routes, with the assumptions about clocks and replicas. */
export interface WrittenPurge extends Omit<WrittenRoutePurge, "age"> {
  /**
   * A: allowance in seconds for clock errors and replica lag. With read replicas in other regions, write 3.
   * Default: 1.
   * @example clockAllowanceSeconds: 3
   */
  readonly clockAllowanceSeconds?: number | undefined;
}
