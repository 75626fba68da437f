// Several keys at once, of which those are loaded that nothing good enough is stored for: one look for all,
// and one load.
import { lookUpMany } from "./answer-many.ts";
import type { DataFlight, Need } from "./load/load-outcome.ts";
import type { LoadingPorts } from "./load/loading.ts";
import { leadTogether } from "./load/refresh.ts";
import type { FoundData } from "./load/search.ts";
import type { LoadMany } from "./value/load-context.ts";
import type { Place } from "./value/place.ts";

/** A key that is loaded; its flight ends once all is stored. */
export interface UnderWay {
  readonly need: Need;
  readonly flight: DataFlight;
}

/** Keys of one namespace, each once, and its load. */
interface Batch {
  readonly places: readonly Place[];
  readonly load: LoadMany<unknown>;
  /** The same, in the tiers that they are looked for in; unless set, in all of theirs. */
  readonly lookedFor?: readonly Place[];
}

/** @returns what this call has begun, and what is under way for others; what is good enough is in neither */
export async function loadUnless(
  isEnough: (found: FoundData) => boolean,
  { places, load, lookedFor = places }: Batch,
  ports: LoadingPorts,
): Promise<{ readonly own: readonly UnderWay[]; readonly others: readonly UnderWay[] }> {
  const found = await lookUpMany(lookedFor, ports, { isEnough });
  const own: Need[] = [];
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
