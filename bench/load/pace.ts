// Starts work at predetermined times, regardless of work in progress (an open loop).
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "./ask.ts";

/**
 * Returns the sorted times of independent visits (a Poisson process), in milliseconds from the
 * start and below the duration.
 */
export function instantsMs(
  draws: Draws,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
): number[] {
  const instants: number[] = [];
  let atMs = 0;
  for (;;) {
    // The draw is never 1, so the logarithm is finite.
    atMs -= (Math.log(1 - draws.between(0, 1)) * 1_000) / perSecond;
    if (atMs >= seconds * 1_000) return instants;
    instants.push(atMs);
  }
}

/** @returns the longest delay between a due time and the end of its `begin`, in milliseconds */
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
