// Computes the promised bound: N + max(0, ε + L − A). All processes of a run share one clock, so ε
// is 0.
import type { History } from "./operations.ts";

type Promised = Pick<History, "maxLagMs" | "allowanceMs" | "replicaLags">;

/** @returns how long after an acceptance an older version is still allowed in this span */
export function boundMs(history: Promised, span: { fromMs: number; untilMs: number }): number {
  const { maxLagMs, allowanceMs } = history;
  return maxLagMs + Math.max(0, lagMsWithin(history, span) - allowanceMs);
}

/** Returns L: the longest replica lag that was set at any instant of the span. */
function lagMsWithin(
  { replicaLags }: Promised,
  { fromMs, untilMs }: { fromMs: number; untilMs: number },
): number {
  let longestMs = 0;
  for (const [at, { fromMs: setAtMs, lagMs }] of replicaLags.entries()) {
    const endsAtMs = replicaLags[at + 1]?.fromMs ?? Infinity;
    if (setAtMs <= untilMs && endsAtMs >= fromMs) longestMs = Math.max(longestMs, lagMs);
  }
  return longestMs;
}
