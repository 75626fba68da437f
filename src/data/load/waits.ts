// Detects loads that wait for themselves, also through loads of other keys, before they time out.
import { notesOn } from "../../base/notes.ts";
import { nodeGlobals } from "../../base/node-globals.ts";
import { OperatorError } from "../../base/operator-error.ts";
import type { DataPlace } from "../value/space.ts";
import type { DataFlight, DataFlights } from "./load-outcome.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");
/** The keys that the present load waits for. Without `AsyncLocalStorage`, nothing is detected. */
const present = hooks && new hooks.AsyncLocalStorage<Set<DataPlace>>();
const waits = notesOn<DataFlight, Set<DataPlace>>();

/** Runs a load, whose calls then count as its waits. */
export function runLoad<Result>(flights: readonly DataFlight[], load: () => Result): Result {
  const own = new Set<DataPlace>();
  for (const flight of flights) waits.set(flight, own);
  return present === undefined ? load() : present.run(own, load);
}

/** Notes that the present load, if there is one, waits for the key until the promise settles. */
export function waitingFor<T>(place: DataPlace, answer: Promise<T>): Promise<T> {
  const own = present?.getStore();
  if (own === undefined) return answer;
  own.add(place);
  return answer.finally(() => own.delete(place));
}

/** Returns the error if the present load would wait for itself by waiting for this key. */
export function selfWait(
  place: DataPlace,
  { flights, nowAtMs }: { readonly flights: DataFlights; readonly nowAtMs: () => number },
): OperatorError | undefined {
  const own = present?.getStore();
  const visited = new Set<Set<DataPlace>>();
  const chainFrom = (at: DataPlace): string | undefined => {
    const flight = flights.get(at.key.text, nowAtMs());
    const waited = flight?.outcome === undefined ? flight && waits.get(flight) : undefined;
    if (waited === undefined || visited.has(waited)) return undefined;
    if (waited === own) return at.path;
    visited.add(waited);
    const chain = Array.from(waited, chainFrom).find((found) => found !== undefined);
    return chain && `${at.path}, ${chain}`;
  };
  const chain = own && chainFrom(place);
  if (chain === undefined) return undefined;
  return new OperatorError({
    what: `A load of ${place.path} would wait for itself: ${chain}, ${place.path}.`,
    why: "The load of each of these keys asks for the next key.",
    hint: "Let no load ask for a key whose load asks for its own key. A call that is not awaited counts, too: begin it after the load.",
  });
}
