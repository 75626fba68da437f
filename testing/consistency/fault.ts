// The type of a fault: a function, and the parts of the run that it may change.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../draws.ts";
import type { Recorder } from "./recorder.ts";
import type { SiteUnderTest } from "./site-under-test.ts";
import type { VersionedOrigin } from "./versioned-origin.ts";

/** @typeParam Part the parts of the site that the fault needs */
export interface Victim<Part extends keyof SiteUnderTest = "redis" | "rest" | "colos"> {
  readonly site: Pick<SiteUnderTest, Part>;
  readonly origin: Pick<VersionedOrigin, "errorShare" | "slowShare">;
  readonly recorder: Pick<Recorder, "nowMs" | "faults" | "losses" | "replicaLags">;
  readonly draws: Draws;
  /** N. Most faults last for a multiple of it, because a view outlives a shorter outage. */
  readonly maxLagMs: number;
}

/** Runs the fault, from the first change to the last repair. */
export type Fault<V extends Victim<never> = Victim> = (victim: V) => Promise<void>;

type Timing = Pick<Victim, "draws" | "maxLagMs">;

/** Waits for a random time, between two multiples of N. */
export const pause = ([least, most]: readonly [number, number], { draws, maxLagMs }: Timing) =>
  delay(maxLagMs * draws.between(least, most));

/** Begins a change, waits for a random time, and then ends the change. */
export async function lasting(
  times: readonly [number, number],
  timing: Timing,
  change: { begin: () => unknown; end: () => unknown },
): Promise<void> {
  await change.begin();
  try {
    await pause(times, timing);
  } finally {
    await change.end();
  }
}

/** Changes a property for a random time. */
export async function changing<T, K extends keyof T>(
  times: readonly [number, number],
  timing: Timing,
  [target, name, value]: readonly [target: T, name: K, value: T[K]],
): Promise<void> {
  const before = target[name];
  const set = (to: T[K]) => () => void (target[name] = to);
  return lasting(times, timing, { begin: set(value), end: set(before) });
}
