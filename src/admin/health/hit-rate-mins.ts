// The least hit rates that the configuration demands, of routes and of prefixes.

/** By name, from 0 to 1. */
export interface HitRateMins {
  /** Of a route; its own goes before that of all routes. */
  readonly ofRoute: (name: string) => number | undefined;
  readonly ofPrefix: (name: string) => number | undefined;
}

/** The part of a configuration that says them. */
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

/** What no route matches has no least hit rate. */
export function hitRateMinsOf({ metrics, routes }: HitRateConfig): HitRateMins {
  const ofRoutes = new Map(
    routes.map(({ name, hitRateMin }) => [name, hitRateMin ?? metrics?.hitRateMin]),
  );
  const ofPrefixes = new Map(metrics?.prefixes.map(({ name, hitRateMin }) => [name, hitRateMin]));
  return { ofRoute: (name) => ofRoutes.get(name), ofPrefix: (name) => ofPrefixes.get(name) };
}
