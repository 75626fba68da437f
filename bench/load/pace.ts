// An open loop: starts work at fixed times, regardless of work in progress.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "../load/ask.ts";

/**
 * Returns the times of independent visitors, sorted, at an average rate per second.
 *
 * @returns milliseconds, all below the duration
 */
export function instantsMs(
  draws: Draws,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): number[] {
  const instants: number[] = [];
  let atMs = 0;
  for (;;) {
    // Between 0 and 1, and never 1, so that the logarithm is finite.
    atMs -= (Math.log(1 - draws.between(0, 1)) * 1_000) / perSecond;
    if (atMs >= seconds * 1_000) return instants;
    instants.push(atMs);
  }
}

/** @returns the longest lateness in milliseconds */
export async function atInstants(
  instants: readonly number[],
  begin: (dueAtMs: number) => void,
): Promise<number> {
  const beganAtMs = nowAtMs();
  let lateMsMax = 0;
  for (const instantMs of instants) {
    const dueAtMs = beganAtMs + instantMs;
    const aheadMs = dueAtMs - nowAtMs();
    if (aheadMs > 1) await delay(aheadMs);
    begin(dueAtMs);
    lateMsMax = Math.max(lateMsMax, nowAtMs() - dueAtMs);
  }
  return lateMsMax;
}
