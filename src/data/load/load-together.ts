// Loads one or more values with one call of a source, and settles the flights of all callers that
// wait for them. Takes the stamp before it calls the source, so a purge during the load covers the
// values.
import { sharingHere } from "../../remote/invocation.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { errorName } from "../../base/error-name.ts";
import { once } from "../../base/once.ts";
import { OutOfTime, within } from "../../base/timeouts.ts";
import type { DataPorts } from "./data-ports.ts";
import type { EventListener } from "../value/events.ts";
import { type DataMetadata, valueOf } from "../value/data-record.ts";
import { type Key, PathMap } from "../value/data-key.ts";
import { LoadTimedOut, notModified, LoaderContext, mapOf } from "../value/load-context.ts";
import type { DataFlight, LoadOutcome, LoadNeed } from "./load-outcome.ts";
import { begin, type LoadStart, type NewRecord, recordOf, renewed } from "./make-record.ts";
import { endValues, storeValues } from "./store-values.ts";
import { asCalled, hasForm } from "./verdict.ts";
import { markOfStale, Reads } from "./reads.ts";
import { runLoad } from "./waits.ts";

/** A value to load, and the flight of its callers, which ends once the value is stored or the load has failed. */
export interface Part {
  readonly need: LoadNeed;
  readonly flight: DataFlight;
}

/** The answer of a source: a value for each key, or one error for all. */
type SourceAnswer =
  | { readonly kind: "answered"; readonly values: PathMap<Key, unknown> }
  | { readonly kind: "failed"; readonly error: unknown };

/**
 * Calls the source once, and settles every flight. If the source confirms a stored value that may
 * no longer be confirmed (rule 23), calls the source again for that value. Never rejects.
 *
 * @param parts all of one namespace and one load; not empty
 * @returns the outcomes in order, and a promise that resolves once all values are stored
 */
export async function loadTogether(
  parts: readonly Part[],
  ports: DataPorts,
): Promise<{ outcomes: readonly LoadOutcome[]; stored: Promise<unknown> }> {
  for (const { flight } of parts) flight.leads(ports.nowAtMs());
  const begun = begin(parts[0]?.need.place.key.host ?? "", ports);
  const beginning = begun instanceof Promise ? await begun : begun;
  // Few loads read the signal.
  const controller = once(() => new AbortController());
  const loads = parts.map((part) => {
    const stale = () => olderOf(part.need, ports);
    return { ...part, loader: new LoaderContext(stale, () => controller().signal) };
  });
  const reads = new Reads(ports.viewOfPurges);
  const answered = await answerOf(loads, { controller, reads }, ports);
  for (const { loader } of loads) loader.end(reads);
  const respondedAtMs = ports.nowAtMs();
  const { name = "" } = parts[0]?.need.place.space ?? {};
  ports.counts.loadTook(name, respondedAtMs - beginning.requestedAtMs);
  const loaded = { answered, beginning, respondedAtMs };
  const making = loads.map((part) => outcomeOf(part, loaded, ports));
  const made: LoadOutcome[] = [];
  for (const one of making) made.push(one instanceof Promise ? await one : one);
  if (reads.isStale) for (const outcome of made) markOfStale(metadataOf(outcome));
  const { order } = beginning;
  const outcomes = made.map((outcome, at) => unlessOvertaken(outcome, parts[at], { order, ports }));
  for (const [at, { need, flight }] of parts.entries()) {
    const outcome = outcomes[at];
    if (outcome === undefined) continue;
    noteOutcome(outcome, need, ports);
    flight.settle(outcome);
  }
  if (ports.events !== undefined) emitLoad(parts, { outcomes, ...loaded }, ports.events);
  const toStore = parts.flatMap(({ need: { place, older } }, at) => {
    const outcome = outcomes[at];
    if (outcome?.kind !== "stored") return [];
    return [{ place, record: outcome.stored, order, loaded: { over: older?.stored.metadata } }];
  });
  const toEnd = parts.flatMap(({ need: { place, older, isForced } }, at) => {
    const outcome = outcomes[at];
    const isThere = older !== undefined || isForced;
    const isEnded = isThere && outcome?.kind === "given" && outcome.endsOlder === true;
    return isEnded && ports.stores.mayStore(place.key.text, order) ? [place] : [];
  });
  const storing = storeValues(toStore, ports);
  const stored = toEnd.length === 0 ? storing : Promise.all([storing, endValues(toEnd, ports)]);
  return { outcomes, stored };
}

async function answerOf(
  parts: readonly (Part & { readonly loader: LoaderContext })[],
  { controller, reads }: { readonly controller: () => AbortController; readonly reads: Reads },
  { counts }: DataPorts,
): Promise<SourceAnswer> {
  const [first] = parts;
  if (first === undefined) return { kind: "answered", values: new PathMap() };
  const { load, place } = first.need;
  const { name, hardTimeoutMs } = place.space;
  const sayings = new PathMap(parts.map(({ need, loader }) => [need.place.appKey, loader]));
  const of = (key: Key) => sayings.get(key) ?? foreign();
  counts.counted(name, "loads", parts.length);
  try {
    const context = {
      of,
      get signal() {
        return controller().signal;
      },
    };
    const called = () => load([...sayings.keys()], context);
    const flights = parts.map(({ flight }) => flight);
    const run = () => runLoad(flights, reads, called);
    const answer = await within(sharingHere().load(run), hardTimeoutMs);
    return { kind: "answered", values: mapOf(answer) };
  } catch (cause) {
    if (!(cause instanceof OutOfTime)) return { kind: "failed", error: cause };
    const error = new LoadTimedOut(`A load of ${name} has taken more than ${hardTimeoutMs} ms.`);
    counts.counted(name, "timedOutLoads");
    controller().abort(error);
    return { kind: "failed", error };
  }
}

function foreign(): never {
  throw new OperatorError({
    what: "A load has called of() with an unknown key.",
    why: "of() accepts only keys that were passed to the load.",
    hint: "Pass one of the keys of the load's first parameter.",
  });
}

/** Returns whether the source may confirm the stored value (rule 23). */
function mayHoldStill(need: LoadNeed, { view, nowAtMs, maxLagMs }: DataPorts): boolean {
  const metadata = need.older?.stored.metadata;
  if (metadata === undefined || !hasForm(metadata, need.place.space)) return false;
  return view.mayBeValidated(asCalled(metadata, need.place.tags), { atMs: nowAtMs(), maxLagMs });
}

function olderOf(need: LoadNeed, ports: DataPorts): unknown {
  if (need.older === undefined || !mayHoldStill(need, ports)) return undefined;
  return valueOf(need.older.stored.metadata, need.place.space.codec);
}

function outcomeOf(
  { need, flight, loader }: Part & { readonly loader: LoaderContext },
  loaded: { answered: SourceAnswer; beginning: LoadStart; respondedAtMs: number },
  ports: DataPorts,
): LoadOutcome | Promise<LoadOutcome> {
  const { answered, beginning, respondedAtMs } = loaded;
  if (answered.kind === "failed") return { kind: "failed", error: answered.error };
  const { place, older } = need;
  const making = { place, options: loader, beginning, respondedAtMs, jitterDraw: ports.random() };
  try {
    const value: unknown = answered.values.get(place.appKey);
    if (value instanceof Error) return { kind: "failed", error: value };
    if (value === undefined) throw nothingLoaded(place.path, answered.values);
    if (value !== notModified) {
      const onUnstorable = (cause: unknown) => ports.counts.unstorable(place.space.name, cause);
      const made = recordOf(value, making, onUnstorable);
      return made instanceof Promise ? made.then(outcomeFrom) : outcomeFrom(made);
    }
    if (older !== undefined && mayHoldStill(need, ports)) {
      return outcomeFrom(renewed(older.stored, making));
    }
    return loadedAgain({ flight, need: { ...need, older: undefined } }, ports);
  } catch (cause) {
    return { kind: "failed", error: cause };
  }
}

/** Loads without the stored value, because the source may no longer confirm it. */
async function loadedAgain(part: Part, ports: DataPorts): Promise<LoadOutcome> {
  const { outcomes, stored } = await loadTogether([part], ports);
  await stored;
  const [outcome = lost] = outcomes;
  return outcome.kind === "stored" ? { kind: "given", given: outcome.stored } : outcome;
}

/**
 * Returns the outcome. If a later load or write of the key has already stored its value, this loaded value
 * is not stored. Only callers of this flight receive it.
 */
function unlessOvertaken(
  outcome: LoadOutcome,
  part: Part | undefined,
  { order, ports }: { readonly order: number; readonly ports: DataPorts },
): LoadOutcome {
  if (outcome.kind !== "stored" || part === undefined) return outcome;
  const isLast = ports.stores.mayStore(part.need.place.key.text, order);
  return isLast ? outcome : { kind: "given", given: outcome.stored };
}

const lost: LoadOutcome = { kind: "failed", error: new Error("A load returned no outcome.") };

function outcomeFrom({ record, isKept }: NewRecord): LoadOutcome {
  return isKept
    ? { kind: "stored", stored: record }
    : { kind: "given", given: record, endsOlder: true };
}

function nothingLoaded(path: string, { invalid }: PathMap<Key, unknown>): OperatorError {
  return new OperatorError({
    what: `The load of ${path} failed.`,
    why:
      invalid === undefined
        ? "It returned undefined, which `get` returns for a key without a stored value."
        : `Its Map lacks this key, and has a key that is not valid. ${invalid.fault.why}`,
    hint: 'Return null if there is no value, or set missing: "absent".',
  });
}

function emitLoad(
  parts: readonly Part[],
  {
    outcomes,
    beginning: { requestedAtMs: startedAtMs },
    respondedAtMs,
  }: { outcomes: readonly LoadOutcome[]; beginning: LoadStart; respondedAtMs: number },
  events: EventListener,
): void {
  const keys = parts.map(({ need }) => need.place.appKey);
  const failed = keys.flatMap((key, at) => {
    const outcome = outcomes[at];
    return outcome?.kind === "failed" ? [[key, outcome.error] as const] : [];
  });
  const namespace = parts[0]?.need.place.space.name ?? "";
  const tookMs = Math.max(0, respondedAtMs - startedAtMs);
  events.emit({ type: "load", namespace, keys, startedAtMs, tookMs, errors: new Map(failed) });
}

function noteOutcome(outcome: LoadOutcome, { place }: LoadNeed, ports: DataPorts): void {
  const { counts, failures, nowAtMs } = ports;
  const { name } = place.space;
  if (outcome.kind === "failed") {
    failures.set(place.key.text, nowAtMs());
    counts.loadFailed(name, errorName(outcome.error));
  } else {
    failures.delete(place.key.text);
    counts.loadWorked(name);
  }
}

/** Returns the metadata of a loaded value. */
export function metadataOf(outcome: LoadOutcome): DataMetadata | undefined {
  if (outcome.kind === "failed") return undefined;
  return (outcome.kind === "stored" ? outcome.stored : outcome.given).metadata;
}
