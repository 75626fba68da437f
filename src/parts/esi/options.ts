// The options of ESI.

/** Options of ESI. */
export interface EsiOptions {
  /**
   * The number of fragments of a page, including those of its fragments, 1 to 1,000. Default: 64. On
   * Workers Free, which allows 50 subrequests, set 12.
   */
  readonly includesMax?: number | undefined;
}

export const defaultOptions = { includesMax: 64 };
