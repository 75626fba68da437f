// Answers with a stored value if a load is slow or has failed.
import { isWithinMs } from "../../base/elapsed.ts";
import type { CallResult, LoadNeed } from "./load-outcome.ts";
import { judge, type VerdictPorts } from "./verdict.ts";

export interface StandInPorts extends VerdictPorts {
  readonly nowAtMs: () => number;
}

/** Returns the stored value if it may still answer, and no hard purge covers it. */
export function standIn({ older, place }: LoadNeed, ports: StandInPorts): CallResult | undefined {
  if (older === undefined) return undefined;
  const { stored, tier } = older;
  const { metadata } = stored;
  const verdict = judge(metadata, { space: place.space, atMs: ports.nowAtMs(), ports });
  return verdict.kind === "unusable" ? undefined : { kind: "value", metadata, by: "stale", tier };
}

/**
 * Returns whether the last load failed within `retryAfter`. A stale value then answers without
 * another load.
 */
export function isResting(
  { place }: Pick<LoadNeed, "place">,
  ports: StandInPorts & { readonly failures: { get(key: string): number | undefined } },
): boolean {
  const failedAtMs = ports.failures.get(place.key.text);
  const { retryAfterMs } = place.space;
  return failedAtMs !== undefined && isWithinMs(retryAfterMs, failedAtMs, ports.nowAtMs());
}
