// The purge bound as the operator writes it. Each field documents its meaning, unit, default and an
// example.

/** Purge bound of a route, or of all routes. */
export interface WrittenRoutePurge {
  /**
   * N: seconds from the 200 for a purge until the purge takes effect everywhere. More than 2.5 times the
   * clock allowance, at most 3,600. Default: 10; of a route, that of the site.
   * @see docs/purging.md#the-promise
   * @example maxLagSeconds: 5
   */
  readonly maxLagSeconds?: number | undefined;
  /**
   * Seconds: a response requested this soon after its purge is fresh for at most this long, 0 to 3,600.
   * For an origin that may send old content shortly after a purge. If an isolate has dropped purges
   * from this time, because there are so many, it limits every response. Default: 0; of a route, that of
   * the site.
   * @see docs/internals/purge-protocol.md#refresh
   * @example settleSeconds: 5
   */
  readonly settleSeconds?: number | undefined;
  /**
   * `"ignore"`: stores answers even if their `Age` says that a cache below may have had them before a
   * purge. For an application that sends a constant, and for a cache that is always purged before
   * Tidemark. Default: none.
   * @see docs/origins.md#a-cache-below
   * @example age: "ignore"
   */
  readonly age?: "ignore" | undefined;
}

/** Purge bound of all routes, with the assumptions about clocks and replicas. */
export interface WrittenPurge extends Omit<WrittenRoutePurge, "age"> {
  /**
   * A: allowance in seconds for clock errors and replica lag. With read replicas in other regions, such as
   * read regions of Upstash, write 3. Default: 1.
   * @see docs/purging.md#the-promise
   * @example clockAllowanceSeconds: 3
   */
  readonly clockAllowanceSeconds?: number | undefined;
}
