// Answers calls for one or several keys, from the tiers or by a load. Several keys cost one command to
// Redis, and one load for all missing keys.
import type { DataPorts } from "./load/data-ports.ts";
import { inInvocation } from "../remote/invocation.ts";
import type { LoadMany } from "./value/load-context.ts";
import type { CallResult, LoadNeed } from "./load/load-outcome.ts";
import {
  isUnderWay,
  isUsableNow,
  leadTogether,
  loadOne,
  refreshBehind,
  storedSince,
} from "./load/loading.ts";
import type { DataPlace } from "./value/space.ts";
import { lookUpMany as lookUpAll } from "../cache/lookup.ts";
import {
  DataLookup,
  type FoundData,
  isAnswer,
  type DataLookupOptions,
} from "./load/data-lookup.ts";
import { isPurged, isRefreshDue, isResting } from "./load/verdict.ts";
import { valueOf } from "./value/data-record.ts";
import { noteRead, waitingFor } from "./load/waits.ts";
import type { Frozen } from "./value/frozen.ts";
import { type Key, PathMap } from "./value/data-key.ts";

/** A call for one key. */
export interface Ask {
  readonly place: DataPlace;
  /** The load; `undefined` if the call cannot load. */
  readonly load: LoadMany<unknown> | undefined;
  /** Whether the call never waits for a load. A stale value is refreshed in the background. */
  readonly isLookOnly: boolean;
}

/** The next step after a lookup. */
type Step =
  /** `refresh`: a load to start in the background. */
  | { readonly kind: "give"; readonly given: CallResult; readonly refresh?: LoadNeed | undefined }
  | { readonly kind: "load"; readonly need: LoadNeed }
  | { readonly kind: "nothing" };

/** Returns the answer, without a promise if memory has it; `undefined` if no value may answer. */
export function answered(
  ask: Ask,
  ports: DataPorts,
): CallResult | undefined | Promise<CallResult | undefined> {
  const found = new DataLookup(ask.place, ports).found();
  if (found instanceof Promise) return found.then((below) => answerAfter(below, ask, ports));
  return answerAfter(found, ask, ports);
}

function answerAfter(found: FoundData | undefined, ask: Ask, ports: DataPorts) {
  const step = stepAfter(found, ask, ports);
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
  ports: DataPorts,
): Step {
  const { counts, events } = ports;
  const { name, softTimeoutMs, refreshMs } = place.space;
  const needOf = () => load && { place, load, older: found?.candidate, isForced: false };
  const refused = found?.verdict.kind === "unusable" ? found.verdict.by : undefined;
  if (!isAnswer(found)) {
    counts.counted(name, "misses");
    if (refused === "unverified") counts.counted(name, "unverifiedMisses");
    const need = isLookOnly ? undefined : needOf();
    return need === undefined ? { kind: "nothing" } : { kind: "load", need };
  }
  const { verdict, candidate } = found;
  const { stored, tier } = candidate;
  const { metadata } = stored;
  if (verdict.kind === "fresh") {
    counts.hit(name, tier);
    events?.emit({ type: "hit", namespace: name, key: place.appKey, tier, stale: false });
    const isDue = isRefreshDue(verdict, metadata, { refreshMs, random: ports.random });
    const refresh = isDue ? needOf() : undefined;
    return { kind: "give", given: { kind: "value", metadata, by: "hit" }, refresh };
  }
  const need = needOf();
  const isWaitedFor = !isLookOnly && softTimeoutMs > 0;
  if (need !== undefined && isWaitedFor && !isResting(need, ports)) return { kind: "load", need };
  const stale = { by: "stale", isPurged: isPurged(verdict), tier } as const;
  return { kind: "give", given: { kind: "value", metadata, ...stale }, refresh: need };
}

/** A call for more keys than this skips the Cache API, which needs one call for each key. */
const coloKeysMax = 32;

/**
 * Looks up several keys. One command reads from Redis the keys that the tiers above lack.
 *
 * @param places all of one namespace
 */
export async function lookUpMany(
  places: readonly DataPlace[],
  ports: DataPorts,
  wish: Pick<DataLookupOptions, "isEnough"> = {},
): Promise<readonly (FoundData | undefined)[]> {
  const [first] = places;
  if (first === undefined) return [];
  const ofSpace = ports.tiers.of(first.space.tiers);
  const used = places.length > coloKeysMax ? ofSpace.withoutColo() : ofSpace;
  const how = { ...wish, used };
  return inInvocation(() => lookUpAll(places.map((place) => new DataLookup(place, ports, how))));
}

/**
 * Answers several keys. Missing keys that no other call is loading share one load. For the other
 * missing keys, this call uses the results of the loads that are already under way.
 *
 * @param places distinct, and all of one namespace
 * @returns one result for each place, in order
 */
export async function answeredMany(
  places: readonly DataPlace[],
  how: Omit<Ask, "place">,
  ports: DataPorts,
): Promise<readonly (CallResult | undefined)[]> {
  const found = await lookUpMany(places, ports);
  const steps = places.map((place, at) => stepAfter(found[at], { ...how, place }, ports));
  const needs = steps.flatMap((step) => (step.kind === "load" ? [step.need] : []));
  const isOwn = (need: LoadNeed) =>
    !isUnderWay(need, ports) && storedSince(need, ports) === undefined;
  const own = needs.filter(isOwn);
  const answers = new Map<LoadNeed, Promise<CallResult>>();
  for (const { need, answer } of own.length === 0 ? [] : leadTogether(own, ports))
    answers.set(need, waitingFor(need.place, answer));
  for (const need of needs) if (!answers.has(need)) answers.set(need, loadOne(need, ports));
  refreshBehind(
    steps.flatMap((step) => (step.kind === "give" && step.refresh ? [step.refresh] : [])),
    ports,
  );
  const givenBy = (step: Step) => (step.kind === "give" ? step.given : undefined);
  if (needs.length === 0) return steps.map(givenBy);
  await Promise.all(answers.values());
  const given = steps.map(async (step, at) => {
    if (step.kind !== "give") return step.kind === "load" ? answers.get(step.need) : undefined;
    const place = places[at];
    // A purge may have arrived while this call waited for the loads of other keys.
    if (place === undefined || step.given.kind !== "value") return step.given;
    const isUsable = await isUsableNow(step.given.metadata, place, ports);
    return isUsable ? step.given : answered({ ...how, place }, ports);
  });
  return Promise.all(given);
}

/** The results for several keys. */
export interface ManyResult<T, K extends Key> {
  /** `null` if the source has no value. */
  readonly values: ReadonlyMap<K, Frozen<T> | null>;
  /** The errors of keys whose load failed and that have no usable stale value. */
  readonly errors: ReadonlyMap<K, unknown>;
}

/** The place of a call, and its dependencies. */
interface Around {
  readonly place: DataPlace;
  readonly ports: DataPorts;
}

/**
 * Returns the value that a call found or loaded, and notes that the present work has read it: `null` if the source has no
 * value, `undefined` if the call has no result for the key.
 *
 * @throws the error of the load
 */
export function valueFor<T>(
  key: Key,
  given: CallResult | undefined,
  { place, ports }: Around,
): Frozen<T> | null | undefined {
  const { counts, events } = ports;
  const { name: namespace, codec } = place.space;
  const value = given?.kind === "value" ? given : undefined;
  const hasFailed = ports.failures.get(place.key.text) !== undefined;
  const isStale = value?.by === "stale" && (value.isPurged || hasFailed);
  noteRead(place, value && { metadata: value.metadata, isStale }, ports);
  // Hits are counted when they are found.
  const isHit = given?.kind === "value" && given.by === "hit";
  if (!isHit) counts.answered(namespace, given);
  if (!isHit) emitAnswer({ namespace, key }, given, events);
  if (given === undefined) return undefined;
  if (given.kind === "error") throw given.error;
  return valueOf(given.metadata, codec) as Frozen<T> | null;
}

/** Emits the events of a call that no fresh value answered. The counts have the same results. */
function emitAnswer(
  of: { readonly namespace: string; readonly key: Key },
  given: CallResult | undefined,
  events: DataPorts["events"],
): void {
  if (given?.kind === "value" && given.by === "stale") {
    events?.emit({ type: "hit", ...of, tier: given.tier, stale: true });
    return;
  }
  const isCollapsed = given?.kind === "value" && given.by === "collapsed";
  events?.emit({ type: isCollapsed ? "collapsed" : "miss", ...of });
  if (given?.kind === "error") events?.emit({ type: "error", ...of, error: given.error });
}

/**
 * Returns the values of several results.
 *
 * @param places the keys of the call by place, in the order of the results. Several keys have one
 *   place if they are spellings of the same key
 * @param given the result for each place
 * @param around.absent the value of a key without a result; `undefined` omits the key
 */
export function valuesFor<T, K extends Key>(
  places: ReadonlyMap<DataPlace, readonly K[]>,
  given: readonly (CallResult | undefined)[],
  { absent, ports }: { readonly absent: null | undefined; readonly ports: DataPorts },
): ManyResult<T, K> {
  const values = new PathMap<K, Frozen<T> | null>();
  const errors = new PathMap<K, unknown>();
  for (const [at, [place, keys]] of [...places].entries()) {
    for (const [nth, key] of keys.entries()) {
      try {
        // A second spelling of the same key emits no event.
        const of = nth === 0 ? ports : { ...ports, events: undefined };
        const found = valueFor<T>(key, given[at], { place, ports: of });
        const value = found === undefined ? absent : found;
        if (value !== undefined) values.set(key, value);
      } catch (cause) {
        errors.set(key, cause);
      }
    }
  }
  return { values, errors };
}
