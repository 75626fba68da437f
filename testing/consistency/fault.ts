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
}

/** Runs the fault, from the first change to the last repair. */
export type Fault<V extends Victim<never> = Victim> = (victim: V) => Promise<void>;

/** Begins a change, waits for a random time, and then ends the change. */
export async function lasting(
  [leastMs, mostMs]: readonly [number, number],
  { draws }: Pick<Victim, "draws">,
  change: { begin: () => unknown; end: () => unknown },
): Promise<void> {
  await change.begin();
  try {
    await delay(draws.between(leastMs, mostMs));
  } finally {
    await change.end();
  }
}

/** Changes a property for a random time. */
export async function changing<T, K extends keyof T>(
  times: readonly [number, number],
  victim: Pick<Victim, "draws">,
  [target, name, value]: readonly [target: T, name: K, value: T[K]],
): Promise<void> {
  const before = target[name];
  const set = (to: T[K]) => () => void (target[name] = to);
  return lasting(times, victim, { begin: set(value), end: set(before) });
}
