// Brings keys of a namespace into Redis before anybody asks for them, by its `load`.
import { tierScopes } from "../config/tier-names.ts";
import { unreachable } from "../rules/unreachable.ts";
import { errorName } from "../base/error-name.ts";
import { patiently } from "../base/patience.ts";
import type { WarmedKey } from "../data-beside-pages.ts";
import { belowColos, type KeepLoadedPorts, runMsMax } from "./keep-loaded.ts";
import type { FoundData } from "./load/search.ts";
import type { DataFlight } from "./load/load-outcome.ts";
import { loadUnless } from "./load-unless.ts";
import { OperatorError, type Reason } from "../base/operator-error.ts";
import { placeOf } from "./value/place.ts";
import { type Key, pathOf } from "./value/key.ts";
import type { Space } from "./value/space.ts";

/** @returns why these keys cannot be loaded; `undefined` where they can */
export function whyNotWarmed(
  namespace: string,
  keys: readonly Key[],
  spaces: ReadonlyMap<string, Space>,
): Reason | undefined {
  const name = JSON.stringify(namespace.slice(0, 80));
  const space = spaces.get(namespace);
  if (space === undefined) {
    const names = [...spaces.keys()].slice(0, 20).join(", ") || "none";
    const why = `This Worker has made no namespace ${name}.`;
    return { why, mend: `Name one that a module makes as it is loaded: ${names}.` };
  }
  if (space.load === undefined) {
    const why = `The namespace ${name} has no load, so nobody knows where its values are from.`;
    return { why, mend: "Give the namespace the option load." };
  }
  for (const [at, key] of keys.entries()) {
    try {
      pathOf(namespace, key);
    } catch (cause) {
      if (!(cause instanceof OperatorError)) throw cause;
      const shown = JSON.stringify(key).slice(0, 80);
      const why = `data[${namespace}][${at}] is ${shown}. ${cause.message}`;
      return { why, mend: "Correct it, or leave it out." };
    }
  }
  return undefined;
}

/**
 * One look for all, and one load for those that are not fresh. It ends once these are stored, and after
 * 25 s at the latest.
 *
 * @param keys a hundred at the most, of a namespace that has a load
 * @returns what became of each, in their order. Never rejects.
 */
export async function warmKeys(
  space: Space,
  keys: readonly Key[],
  ports: KeepLoadedPorts,
): Promise<readonly WarmedKey[]> {
  const { load } = space;
  if (load === undefined) return keys.map(() => ({ result: "passed-by", why: "it has no load" }));
  const kept = belowColos(space);
  const asked = keys.map((key) => placeOf(kept, key, ports.host));
  const places = [...new Map(asked.map((place) => [place.path, place])).values()];
  // What this isolate has in memory, Redis may have lost, or have refused.
  const inWorld = space.tiers.filter((tier) => tierScopes[tier] === "world");
  const shared = { ...space, tiers: inWorld };
  const lookedFor = hasShared(space, ports)
    ? places.map(({ asked: key }) => placeOf(shared, key, ports.host))
    : places;
  const isFresh = ({ verdict }: FoundData) => verdict.kind === "fresh";
  const unkept = new Map<string, string>();
  const onWritten: KeepLoadedPorts["onWritten"] = ({ tier, key, came }) => {
    if (tierScopes[tier] === "world" && came !== "kept") unkept.set(key.text, came);
  };
  const { own, others } = await loadUnless(
    isFresh,
    { places, load, lookedFor },
    { ...ports, onWritten },
  );
  const results = new Map<string, WarmedKey>();
  await Promise.all(
    [...own, ...others].map(async ({ need: { place }, flight }) => {
      // A load of another call may have been ended with its request.
      const isOver = (await patiently(flight.ended, runMsMax)) === undefined;
      const unlessKept = resultOfWrite(unkept.get(place.key.text), space, ports);
      results.set(place.path, isOver ? resultOf(flight.outcome, unlessKept) : notInTime);
    }),
  );
  return asked.map(({ path }) => results.get(path) ?? { result: "already" });
}

function hasShared(space: Space, { tiers }: KeepLoadedPorts): boolean {
  return tiers.of(space.tiers).ofWorld !== undefined;
}

const notInTime: WarmedKey = {
  result: "failed",
  why: "it was not over within 25 s; it goes on behind the answer",
};

/** Keys are warmed for Redis: one that it lacks is in the memory of one isolate at the most. */
function resultOfWrite(came: string | undefined, space: Space, ports: KeepLoadedPorts): WarmedKey {
  if (came !== undefined) {
    const why = `the shared tier did not take it (${came})`;
    return { result: came === "unavailable" ? "failed" : "not-stored", why };
  }
  if (hasShared(space, ports)) return { result: "warmed" };
  const why = "in one isolate alone: its namespace or the site has no shared tier";
  return { result: "warmed", why };
}

/** @param ofStored of what the load has brought to be stored */
function resultOf(outcome: DataFlight["outcome"], ofStored: WarmedKey): WarmedKey {
  switch (outcome?.kind) {
    case "stored":
      return ofStored;
    case "given":
      return { result: "not-stored", why: "its load, or its namespace, does not have it stored" };
    case "failed":
      return { result: "failed", why: `its load failed with ${errorName(outcome.error)}` };
    case "nothing-to-share":
    case undefined:
      return { result: "failed", why: "its load has not ended in time" };
    default:
      return unreachable(outcome);
  }
}
