// The minimum hit rates (`hitRateMin`) that the configuration sets for routes and prefixes.

/** Minimum hit rates by name, from 0 to 1. */
export interface HitRateMins {
  /** The minimums of routes: each route's own, or else the minimum of all routes. */
  readonly requests: ReadonlyMap<string, number | undefined>;
  /** The minimums of prefixes. */
  readonly prefixRequests: ReadonlyMap<string, number | undefined>;
}

/** The part of a configuration that sets minimum hit rates. */
export interface HitRateConfig {
  readonly metrics?: {
    readonly prefixes: readonly {
      readonly name: string;
      readonly hitRateMin?: number | undefined;
    }[];
    readonly hitRateMin?: number | undefined;
  };
  readonly routes: readonly { readonly name: string; readonly hitRateMin?: number | undefined }[];
}

/** Reads the minimums. Requests that match no route have none. */
export function hitRateMinsOf({ metrics, routes }: HitRateConfig): HitRateMins {
  return {
    requests: new Map(
      routes.map(({ name, hitRateMin }) => [name, hitRateMin ?? metrics?.hitRateMin]),
    ),
    prefixRequests: new Map(metrics?.prefixes.map(({ name, hitRateMin }) => [name, hitRateMin])),
  };
}
