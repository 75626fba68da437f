// Runs the cron work of namespaces with `keys`: loads each key that is missing or as old as
// `refresh`, before a call requests it.
import { tierScopes } from "../config/tier-names.ts";
import { errorName } from "../base/error-name.ts";
import { within } from "../base/timeouts.ts";
import type { LoadingPorts } from "./load/loading.ts";
import { loadUnless } from "./load-unless.ts";
import type { FoundData } from "./load/search.ts";
import { type Place, placeOf } from "./value/place.ts";
import type { Space } from "./value/space.ts";

/** The limit of keys in one load. D1 allows 100 parameters in one statement. */
export const keysMax = 100;

/** A run starts no batch after this time. The next cron run, a minute later, loads the rest. */
export const runMsMax = 25_000;

export type KeepLoadedPorts = LoadingPorts & { readonly host: string };

/**
 * Processes all namespaces at once, each in batches. Never rejects: failures are counted, and old
 * values stay stored.
 */
export async function keepLoaded(spaces: readonly Space[], ports: KeepLoadedPorts): Promise<void> {
  const startedAtMs = ports.nowAtMs();
  const isOver = () => ports.nowAtMs() - startedAtMs >= runMsMax;
  await Promise.all(spaces.map((space) => keepSpaceLoaded(space, isOver, ports)));
}

async function keepSpaceLoaded(
  space: Space,
  isOver: () => boolean,
  ports: KeepLoadedPorts,
): Promise<void> {
  const places = await placesIn(space, ports);
  for (let from = 0; from < places.length && !isOver(); from += keysMax) {
    await loadDue(places.slice(from, from + keysMax), space, ports);
  }
}

/**
 * Returns the namespace without the Cache API. A write to the Cache API would fill only this colo,
 * and would count towards the number of calls that Workers allow in one run.
 */
export function belowColos(space: Space): Space {
  return { ...space, tiers: space.tiers.filter((tier) => tierScopes[tier] !== "colo") };
}

/** Returns the place of each key once. Counts a failure to list the keys as a failed load. */
async function placesIn(space: Space, { host, counts }: KeepLoadedPorts): Promise<Place[]> {
  const { keys, name, hardTimeoutMs } = space;
  const kept = belowColos(space);
  try {
    const run = async () => keys?.() ?? [];
    const named = await within(run(), hardTimeoutMs);
    const places = named.map((key) => placeOf(kept, key, host));
    return [...new Map(places.map((place) => [place.path, place])).values()];
  } catch (cause) {
    counts.loadFailed(name, errorName(cause));
    return [];
  }
}

async function loadDue(
  places: readonly Place[],
  { name, load, refreshMs = 0 }: Space,
  ports: KeepLoadedPorts,
): Promise<void> {
  const isYoung = ({ verdict }: FoundData) => verdict.kind === "fresh" && verdict.ageMs < refreshMs;
  if (load === undefined) return;
  const { own } = await loadUnless(isYoung, { places, load }, ports);
  if (own.length > 0) ports.counts.counted(name, "cronRefreshes", own.length);
  await Promise.all(own.map(({ flight }) => flight.ended));
}
