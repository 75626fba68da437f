// A stored value that answers in the place of a load which is slow, or has failed.
import { isWithinMs } from "../../base/elapsed.ts";
import type { Given, Need } from "./load-outcome.ts";
import { judge, type VerdictPorts } from "./verdict.ts";

export interface StandInPorts extends VerdictPorts {
  readonly nowAtMs: () => number;
}

/** @returns the older value, if it may still answer at this instant: no hard purge hides it */
export function standIn({ older, place }: Need, ports: StandInPorts): Given | undefined {
  if (older === undefined) return undefined;
  const { stored, tier } = older;
  const { metadata } = stored;
  const verdict = judge(metadata, { space: place.space, atMs: ports.nowAtMs(), ports });
  return verdict.kind === "unusable" ? undefined : { kind: "value", metadata, by: "stale", tier };
}

/** Has its load failed so short a time ago that the source is left alone while a value may answer? */
export function isResting(
  { place }: Pick<Need, "place">,
  ports: StandInPorts & { readonly failures: { get(key: string): number | undefined } },
): boolean {
  const failedAtMs = ports.failures.get(place.key.text);
  const { retryAfterMs } = place.space;
  return failedAtMs !== undefined && isWithinMs(retryAfterMs, failedAtMs, ports.nowAtMs());
}
