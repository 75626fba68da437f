// A run of the cron trigger, for namespaces that name their keys: what is as old as `refresh` has it, or
// is missing, is loaded anew before anybody asks for it.
import { tierScopes } from "../config/tier-names.ts";
import { errorName } from "../base/error-name.ts";
import { within } from "../base/patience.ts";
import type { LoadingPorts } from "./load/loading.ts";
import { loadUnless } from "./load-unless.ts";
import type { FoundData } from "./load/search.ts";
import { type Place, placeOf } from "./value/place.ts";
import type { Space } from "./value/space.ts";

/** Of one load: D1 takes as many parameters in one statement. */
export const keysMax = 100;

/** The next run comes after a minute, and goes on. */
export const runMsMax = 25_000;

export type KeepLoadedPorts = LoadingPorts & { readonly host: string };

/** All namespaces at once, each a batch at a time. Never rejects: what fails is counted, and stays as it is. */
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

/** Colos are many, and this runs in one of them: each call of its Cache API would count for the run. */
export function belowColos(space: Space): Space {
  return { ...space, tiers: space.tiers.filter((tier) => tierScopes[tier] !== "colo") };
}

/** Each key once. Where they cannot be had, that counts as a load that has failed. */
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
