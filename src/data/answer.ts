// Answers a call for one key, from the tiers or by a load.
import { inInvocation } from "../remote/invocation.ts";
import type { LoadMany } from "./value/load-context.ts";
import type { CallResult, LoadNeed } from "./load/load-outcome.ts";
import { loadOne, type LoadingPorts } from "./load/loading.ts";
import type { Place } from "./value/place.ts";
import { refreshBehind } from "./load/refresh.ts";
import { DataSearch, type FoundData, isAnswer } from "./load/search.ts";
import { isResting } from "./load/stale-value.ts";
import { isRefreshDue } from "./load/verdict.ts";

/** A call for one key. */
export interface Ask {
  readonly place: Place;
  /** The load; `undefined` if the call cannot load. */
  readonly load: LoadMany<unknown> | undefined;
  /** Whether the call never waits for a load. A stale value is refreshed in the background. */
  readonly isLookOnly: boolean;
}

/** The next step after a lookup. */
export type Step =
  /** `refresh`: a load to start in the background. */
  | { readonly kind: "give"; readonly given: CallResult; readonly refresh?: LoadNeed | undefined }
  | { readonly kind: "load"; readonly need: LoadNeed }
  | { readonly kind: "nothing" };

/** Returns the answer, without a promise if memory has it; `undefined` if no value may answer. */
export function answered(
  ask: Ask,
  ports: LoadingPorts,
): CallResult | undefined | Promise<CallResult | undefined> {
  const found = new DataSearch(ask.place, ports).found();
  if (found instanceof Promise) {
    return inInvocation(() => found.then((below) => carryOut(stepAfter(below, ask, ports), ports)));
  }
  return carryOut(stepAfter(found, ask, ports), ports);
}

function carryOut(step: Step, ports: LoadingPorts): CallResult | undefined | Promise<CallResult> {
  if (step.kind === "nothing") return undefined;
  if (step.kind === "load") return inInvocation(() => loadOne(step.need, ports));
  if (step.refresh !== undefined) refreshBehind([step.refresh], ports);
  return step.given;
}

/**
 * Returns the next step after a lookup.
 *
 * @param found the result of the lookup
 */
export function stepAfter(
  found: FoundData | undefined,
  { place, load, isLookOnly }: Ask,
  ports: LoadingPorts,
): Step {
  const { counts, events } = ports;
  const { name, softTimeoutMs, refreshMs } = place.space;
  const older = found?.candidate;
  const need = load && { place, load, older, isForced: false };
  if (!isAnswer(found)) {
    counts.counted(name, "misses");
    events?.emit({ type: "miss", namespace: name, key: place.appKey });
    return need === undefined || isLookOnly ? { kind: "nothing" } : { kind: "load", need };
  }
  const { verdict, candidate } = found;
  const { stored, tier } = candidate;
  const { metadata } = stored;
  if (verdict.kind === "fresh") {
    counts.hit(name, tier);
    events?.emit({ type: "hit", namespace: name, key: place.appKey, tier, stale: false });
    const isDue = isRefreshDue(verdict, metadata, { refreshMs, random: ports.random });
    const refresh = isDue ? need : undefined;
    return { kind: "give", given: { kind: "value", metadata, by: "hit" }, refresh };
  }
  const isWaitedFor = !isLookOnly && softTimeoutMs > 0;
  if (need !== undefined && isWaitedFor && !isResting(need, ports)) return { kind: "load", need };
  return { kind: "give", given: { kind: "value", metadata, by: "stale", tier }, refresh: need };
}
