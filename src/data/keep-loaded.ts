// Loads keys before calls request them: for the cron work of namespaces with `keys`, and for warming.
import { tierScopes } from "../config/tier-names.ts";
import { errorName } from "../base/error-name.ts";
import { within, patiently } from "../base/timeouts.ts";
import type { DataPorts } from "./load/data-ports.ts";
import type { FoundData } from "./load/data-lookup.ts";
import { type DataPlace, placeOf, placesOf, type Space } from "./value/space.ts";
import { lookUpMany } from "./get-or-load.ts";
import type { DataFlight, LoadNeed } from "./load/load-outcome.ts";
import type { Part } from "./load/load-together.ts";
import { leadTogether } from "./load/loading.ts";
import type { LoadMany } from "./value/load-context.ts";
import { unreachable } from "../base/unreachable.ts";
import type { WarmedKey } from "../compose/data-beside-pages.ts";
import { OperatorError, type Reason } from "../base/operator-error.ts";
import { runMsMax } from "../base/pool.ts";
import { type Key, pathOf } from "./value/data-key.ts";

/** The limit of keys in one load. D1 allows 100 parameters in one statement. */
const keysMax = 100;

/**
 * Processes all namespaces at once, each in batches. Never rejects: failures are counted, and old
 * values stay stored. Starts no batch after `runMsMax`: the next cron run, a minute later, loads the rest.
 */
export async function keepLoaded(spaces: readonly Space[], ports: DataPorts): Promise<void> {
  const startedAtMs = ports.nowAtMs();
  const isOver = () => ports.nowAtMs() - startedAtMs >= runMsMax;
  await Promise.all(spaces.map((space) => keepSpaceLoaded(space, isOver, ports)));
}

async function keepSpaceLoaded(
  space: Space,
  isOver: () => boolean,
  ports: DataPorts,
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
function belowColos(space: Space): Space {
  return { ...space, tiers: space.tiers.filter((tier) => tierScopes[tier] !== "colo") };
}

/** Returns the place of each key once. Counts a failure to list the keys as a failed load. */
async function placesIn(space: Space, { host, counts }: DataPorts): Promise<DataPlace[]> {
  const { keys, name, hardTimeoutMs } = space;
  try {
    const run = async () => keys?.() ?? [];
    const named = await within(run(), hardTimeoutMs);
    return [...placesOf(belowColos(space), named, host).keys()];
  } catch (cause) {
    counts.loadFailed(name, errorName(cause));
    return [];
  }
}

async function loadDue(
  places: readonly DataPlace[],
  { name, load, refreshMs = 0 }: Space,
  ports: DataPorts,
): Promise<void> {
  const isYoung = ({ verdict }: FoundData) => verdict.kind === "fresh" && verdict.ageMs < refreshMs;
  if (load === undefined) return;
  const { own } = await loadUnless(isYoung, { places, load }, ports);
  if (own.length > 0) ports.counts.counted(name, "cronRefreshes", own.length);
  await Promise.all(own.map(({ flight }) => flight.ended));
}

/** Distinct keys of one namespace, and the function that loads them. */
interface Batch {
  readonly places: readonly DataPlace[];
  readonly load: LoadMany<unknown>;
  /** The same keys, as places whose namespace names the tiers to read. Default: `places`. */
  readonly lookedFor?: readonly DataPlace[];
}

/** Returns the loads that this call starts, and loads of other calls that are already running. */
async function loadUnless(
  isEnough: (found: FoundData) => boolean,
  { places, load, lookedFor = places }: Batch,
  ports: DataPorts,
): Promise<{ readonly own: readonly Part[]; readonly others: readonly Part[] }> {
  const found = await lookUpMany(lookedFor, ports, { isEnough });
  const own: LoadNeed[] = [];
  const others: Part[] = [];
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

/** Returns why these keys cannot be loaded; `undefined` if they can. */
export function whyNotWarmed(
  namespace: string,
  keys: readonly Key[],
  spaces: ReadonlyMap<string, Space>,
): Reason | undefined {
  const name = JSON.stringify(namespace.slice(0, 80));
  const space = spaces.get(namespace);
  if (space === undefined) {
    const names = [...spaces.keys()].slice(0, 20).join(", ") || "none";
    const why = `This Worker has no namespace ${name}.`;
    return { why, hint: `Name a namespace that a module creates when it is loaded: ${names}.` };
  }
  if (space.load === undefined) {
    const why = `The namespace ${name} has no load.`;
    return { why, hint: "Set the option load of the namespace." };
  }
  for (const [at, key] of keys.entries()) {
    try {
      pathOf(namespace, key);
    } catch (cause) {
      if (!(cause instanceof OperatorError)) throw cause;
      const shown = JSON.stringify(key).slice(0, 80);
      const why = `data[${namespace}][${at}] is ${shown}. ${cause.message}`;
      return { why, hint: "Correct or omit it." };
    }
  }
  return undefined;
}

/**
 * Looks up all keys at once, and loads those that are not fresh with one load. Ends once the values
 * are stored, or 25 s after the lookup.
 *
 * @param keys at most a hundred, of a namespace with a load
 * @returns the result of each key, in order; never rejects
 */
export async function warmKeys(
  space: Space,
  keys: readonly Key[],
  ports: DataPorts,
): Promise<readonly WarmedKey[]> {
  const { load } = space;
  if (load === undefined)
    return keys.map(() => ({ result: "passed-by", why: "its namespace has no load" }));
  const places = [...placesOf(belowColos(space), keys, ports.host).keys()];
  // Read only Redis, because this isolate's memory may hold values that Redis has lost or refused.
  const inWorld = space.tiers.filter((tier) => tierScopes[tier] === "world");
  const shared = { ...space, tiers: inWorld };
  const lookedFor = hasShared(space, ports)
    ? places.map(({ appKey: key }) => placeOf(shared, key, ports.host))
    : places;
  const isFresh = ({ verdict }: FoundData) => verdict.kind === "fresh";
  const unkept = new Map<string, string>();
  const onWritten: DataPorts["onWritten"] = ({ tier, key, result }) => {
    if (tierScopes[tier] === "world" && result !== "kept") unkept.set(key.text, result);
  };
  const { own, others } = await loadUnless(
    isFresh,
    { places, load, lookedFor },
    { ...ports, onWritten },
  );
  const results = new Map<string, WarmedKey>();
  await Promise.all(
    [...own, ...others].map(async ({ need: { place }, flight }) => {
      // A flight may never end if the request of its call was cancelled.
      const isOver = (await patiently(flight.ended, runMsMax)) === undefined;
      const unlessKept = resultOfWrite(unkept.get(place.key.text), space, ports);
      results.set(place.path, isOver ? resultOf(flight.outcome, unlessKept) : notInTime);
    }),
  );
  return keys.map((key) => results.get(pathOf(space.name, key)) ?? { result: "already" });
}

function hasShared(space: Space, { tiers }: DataPorts): boolean {
  return tiers.of(space.tiers).ofWorld !== undefined;
}

const notInTime: WarmedKey = {
  result: "failed",
  why: "its load did not end within 25 s, and continues in the background",
};

/** Returns the result for a stored value. Without a shared tier, only this isolate may hold it. */
function resultOfWrite(result: string | undefined, space: Space, ports: DataPorts): WarmedKey {
  if (result !== undefined) {
    const why = `the shared tier did not store it (${result})`;
    return { result: result === "unavailable" ? "failed" : "not-stored", why };
  }
  if (hasShared(space, ports)) return { result: "warmed" };
  const why = "only in one isolate: its namespace or the site has no shared tier";
  return { result: "warmed", why };
}

/**
 * Returns the result for an outcome.
 *
 * @param ofStored the result if the value is stored
 */
function resultOf(outcome: DataFlight["outcome"], ofStored: WarmedKey): WarmedKey {
  switch (outcome?.kind) {
    case "stored":
      return ofStored;
    case "given":
      return { result: "not-stored", why: "its load or its namespace prevents storing" };
    case "failed":
      return { result: "failed", why: `its load failed with ${errorName(outcome.error)}` };
    case "nothing-to-share":
    case undefined:
      return { result: "failed", why: "its load did not end in time" };
    default:
      return unreachable(outcome);
  }
}
