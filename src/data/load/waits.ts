// The context of present work, which is a load or a handler that makes a page. Detects loads that wait for themselves,
// also through loads of other keys, before they time out, and collects the values that the work reads.
import { notesOn } from "../../base/notes.ts";
import { nodeGlobals } from "../../base/node-globals.ts";
import { OperatorError } from "../../base/operator-error.ts";
import type { DataPlace } from "../value/space.ts";
import type { DataPorts } from "./data-ports.ts";
import type { DataFlight, DataFlights } from "./load-outcome.ts";
import type { FoundValue, Reads } from "./reads.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");
interface Work {
  /** The keys that it waits for. */
  readonly awaited: Set<DataPlace>;
  readonly reads: Reads;
}

/** Without `AsyncLocalStorage`, nothing is detected or collected. Handlers in a Worker need it. */
const present = hooks && new hooks.AsyncLocalStorage<Work>();
const waits = notesOn<DataFlight, Set<DataPlace>>();

/** Runs a load, whose calls then count as its waits and its reads. */
export function runLoad<Result>(
  flights: readonly DataFlight[],
  reads: Reads,
  load: () => Result,
): Result {
  const awaited = new Set<DataPlace>();
  for (const flight of flights) waits.set(flight, awaited);
  return present === undefined ? load() : present.run({ awaited, reads }, load);
}

/** Runs work, also what it begins, and collects the values that it reads. */
export function runReading<Result>(reads: Reads, work: (reads: Reads) => Result): Result {
  const run = () => work(reads);
  return present === undefined ? run() : present.run({ awaited: new Set(), reads }, run);
}

/** Returns whether a load, or a handler that makes a page, is running. */
export const isInWork = (): boolean => present?.getStore() !== undefined;

/** Notes what a call of the present work has found at a key; see `Reads.add`. */
export function noteRead(place: DataPlace, found: FoundValue | undefined, ports: DataPorts): void {
  present?.getStore()?.reads.add(place, found, ports);
}

/** Notes that the present load, if there is one, waits for the key until the promise settles. */
export function waitingFor<T>(place: DataPlace, answer: Promise<T>): Promise<T> {
  const own = present?.getStore()?.awaited;
  if (own === undefined) return answer;
  own.add(place);
  return answer.finally(() => own.delete(place));
}

/** Returns the error if the present load would wait for itself by waiting for this key. */
export function selfWait(
  place: DataPlace,
  { flights, nowAtMs }: { readonly flights: DataFlights; readonly nowAtMs: () => number },
): OperatorError | undefined {
  const own = present?.getStore()?.awaited;
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
