// Looks up several keys at once, and starts one load for those without a good enough value.
import { lookUpMany } from "./answer-many.ts";
import type { DataFlight, LoadNeed } from "./load/load-outcome.ts";
import type { LoadingPorts } from "./load/loading.ts";
import { leadTogether } from "./load/refresh.ts";
import type { FoundData } from "./load/search.ts";
import type { LoadMany } from "./value/load-context.ts";
import type { Place } from "./value/place.ts";

/** A key that is being loaded. Its flight ends once the value is stored, or the load has failed. */
export interface UnderWay {
  readonly need: LoadNeed;
  readonly flight: DataFlight;
}

/** Distinct keys of one namespace, and the function that loads them. */
interface Batch {
  readonly places: readonly Place[];
  readonly load: LoadMany<unknown>;
  /** The same keys, as places whose namespace names the tiers to read. Default: `places`. */
  readonly lookedFor?: readonly Place[];
}

/** Returns the loads that this call starts, and loads of other calls that are already running. */
export async function loadUnless(
  isEnough: (found: FoundData) => boolean,
  { places, load, lookedFor = places }: Batch,
  ports: LoadingPorts,
): Promise<{ readonly own: readonly UnderWay[]; readonly others: readonly UnderWay[] }> {
  const found = await lookUpMany(lookedFor, ports, { isEnough });
  const own: LoadNeed[] = [];
  const others: UnderWay[] = [];
  for (const [at, place] of places.entries()) {
    const older = found[at];
    if (older !== undefined && isEnough(older)) continue;
    const need = { place, load, older: older?.candidate, isForced: false };
    const flight = ports.flights.get(place.key.text, ports.nowAtMs());
    if (flight === undefined) own.push(need);
    else others.push({ need, flight });
  }
  return { own: own.length === 0 ? [] : leadTogether(own, ports), others };
}
