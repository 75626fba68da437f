// An open loop: something is begun at instants that are fixed beforehand, whatever is still under
// way.
import { setTimeout as delay } from "node:timers/promises";
import type { Draws } from "../../testing/draws.ts";
import { nowAtMs } from "../load/ask.ts";

/**
 * Instants after a beginning, in order, as independent visitors come: so many a second on average.
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

/** @returns by how many milliseconds it was late at the worst */
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
