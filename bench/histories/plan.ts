// The plan of a random history, drawn before it is played: the same seed gives the same plans. All
// durations are multiples of N.
import type { Draws } from "../../testing/draws.ts";

/** The share of loads during which the item changes and is purged. */
const interruptedShare = 0.1;

/** The share of loads that take longer than purges may take to become visible. */
const slowShare = 0.05;

/** The planned loads. Later loads are answered at once. */
const loadCount = 40;

type Step<Cache extends string, Call> = { readonly pause: number } & (
  | {
      readonly kind: "read";
      readonly cache: Cache;
      readonly process: number;
      /** Half of the reads overlap the next steps. */
      readonly isAwaited: boolean;
    }
  | { readonly kind: "purge"; readonly call: Call }
  | { readonly kind: "wait"; readonly duration: number }
);

interface PlannedLoad<Call> {
  readonly duration: number;
  /** The purge that is sent while the load waits. */
  readonly purge: Call | undefined;
}

export interface Plan<Cache extends string, Call> {
  readonly caches: readonly Cache[];
  readonly steps: readonly Step<Cache, Call>[];
  /** By the order in which they reach the origin. */
  readonly loads: readonly PlannedLoad<Call>[];
}

interface Drawn<Cache extends string, Call> {
  readonly caches: readonly Cache[];
  readonly processCount: number;
  readonly purge: (draws: Draws, caches: readonly Cache[]) => Call;
}

export function planOf<Cache extends string, Call>(
  draws: Draws,
  drawn: Drawn<Cache, Call>,
): Plan<Cache, Call> {
  const caches = draws.shuffled(drawn.caches).slice(0, 2);
  const processes = Array.from({ length: drawn.processCount }, (_, index) => index);
  const loading = draws.fork();
  const step = (): Step<Cache, Call> => {
    const chance = draws.between(0, 1);
    const pause = draws.between(0, 0.3);
    if (chance < 0.2) return { kind: "purge", pause, call: drawn.purge(draws, caches) };
    if (chance < 0.3) return { kind: "wait", pause, duration: draws.between(1, 1.5) };
    const place = { cache: draws.oneOf(caches), process: draws.oneOf(processes) };
    return { kind: "read", pause, ...place, isAwaited: draws.isLucky(0.5) };
  };
  const load = (): PlannedLoad<Call> => {
    const isSlow = loading.isLucky(slowShare);
    const duration = isSlow ? loading.between(1, 3) : loading.between(0, 0.5);
    const isInterrupted = loading.isLucky(interruptedShare);
    return { duration, purge: isInterrupted ? drawn.purge(loading, caches) : undefined };
  };
  return {
    caches,
    steps: Array.from({ length: Math.floor(draws.between(10, 21)) }, step),
    loads: Array.from({ length: loadCount }, load),
  };
}
