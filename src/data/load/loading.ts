// Collapses loads of one key: one caller leads, and the others follow. With `collapse: "global"`, a
// lock also collapses the loads of all isolates. Also answers callers whose wait times out, loads several
// keys together, and refreshes values in the background.
import {
  load,
  type LeaderTurn,
  type LoadPolicy,
  type LoadResult,
  type Next,
} from "../../cache/load.ts";
import type { FetchResult, FlightOutcome } from "../../cache/flights.ts";
import { unreachable } from "../../base/unreachable.ts";
import { patiently } from "../../base/timeouts.ts";
import type { DataMetadata, DataDetail, DataRecord } from "../value/data-record.ts";
import { LoadTimedOut } from "../value/load-context.ts";
import type { DataPlace } from "../value/space.ts";
import { loadTogether, metadataOf, type Part } from "./load-together.ts";
import {
  type CallResult,
  type DataFlight,
  flightMsMaxOf,
  type LoadNeed,
  type LoadOutcome,
} from "./load-outcome.ts";
import { asCalled, asRead, hasForm, isResting, judge, staleValue } from "./verdict.ts";
import type { DataPorts } from "./data-ports.ts";
import { selfWait, waitingFor } from "./waits.ts";
import { takeTurn } from "../../cache/lock-turn.ts";
import type { LockWord } from "../../cache/tiers/lock.ts";
import type { RecordHead } from "../../cache/tiers/tier.ts";
import { DataLookup, type FoundData, type DataLookupOptions } from "./data-lookup.ts";

/** Loads one value, or uses the result of another call's load. Never rejects. */
export function loadOne(need: LoadNeed, ports: DataPorts): Promise<CallResult> {
  const error = selfWait(need.place, ports);
  if (error !== undefined)
    return Promise.resolve(staleValue(need, ports) ?? { kind: "error", error });
  return waitingFor(need.place, loadedOne(need, ports));
}

function loadedOne(need: LoadNeed, ports: DataPorts): Promise<CallResult> {
  if (need.isForced) return ledAlone(need, ports);
  const hold = ports.holdOn(need.place);
  if (hold !== undefined) return loadUnderHold(need, { hold }, ports);
  return load(need, loadingBy(ports), ports);
}

/**
 * The hold on the key (`UnpurgedWrites`) at the start of a load. A load that began without a hold
 * has no entry.
 */
const holds = new WeakMap<DataFlight, object>();

/** Starts a flight. Later callers wait for this load, not for an earlier one. */
function startFlight<Result>(
  need: LoadNeed,
  leader: (flight: DataFlight) => Promise<FetchResult<Result>>,
  ports: DataPorts,
): { readonly flight: DataFlight; readonly answer: Promise<Result> } {
  const { place } = need;
  const kind = { msMax: flightMsMaxOf(need) };
  const started = ports.flights.start(place.key.text, leader, ports, kind);
  const hold = ports.holdOn(place);
  if (hold !== undefined) holds.set(started.flight, hold);
  return started;
}

/**
 * Loads a key that has a hold, which forbids the use of stored values. Shares another call's load
 * only if the load began under the same hold, and if no later purge covers the loaded value. A load
 * that began under the hold began after the write.
 */
async function loadUnderHold(
  need: LoadNeed,
  { hold, isAgain = false }: { readonly hold: object; readonly isAgain?: boolean },
  ports: DataPorts,
): Promise<CallResult> {
  const { flights, nowAtMs, viewOfPurges } = ports;
  const current = () => flights.get(need.place.key.text, nowAtMs());
  const flight = current();
  if (flight === undefined || holds.get(flight) !== hold) return ledAlone(need, ports);
  const waited = await flight.wait(waitTimeoutMs(need, ports));
  if (typeof waited === "string" || waited.outcome.kind === "nothing-to-share") {
    return ledAlone(need, ports);
  }
  const { outcome } = waited;
  const metadata = metadataOf(outcome);
  if (metadata === undefined) return givenBy(outcome, need, ports);
  if (await isUsableNow(metadata, need.place, { ...ports, view: viewOfPurges })) {
    return { kind: "value", metadata, by: "collapsed" };
  }
  // The first of the waiting calls leads, and the others wait once more.
  if (isAgain || current() === flight) return ledAlone(need, ports);
  return loadUnderHold(need, { hold, isAgain: true }, ports);
}

function waitTimedOut({ place }: LoadNeed): LoadTimedOut {
  const { name, hardTimeoutMs } = place.space;
  return new LoadTimedOut(
    `Other calls' loads of ${name} have taken more than ${hardTimeoutMs} ms.`,
  );
}

function ledAlone(need: LoadNeed, ports: DataPorts): Promise<CallResult> {
  const leader = (flight: DataFlight) => lead({ need, flight }, ports);
  return startFlight(need, leader, ports).answer;
}

/**
 * Loads for one of many calls that waited in vain, once the call gets one of the key's slots. The wait for a slot
 * ends at the wait timeout.
 *
 * @param sinceAtMs the start of the wait, in epoch milliseconds
 */
async function ledInTurn(need: LoadNeed, sinceAtMs: number, ports: DataPorts): Promise<CallResult> {
  const { loadSlots, nowAtMs, random } = ports;
  const waitMs = waitTimeoutMs(need, ports) - Math.abs(nowAtMs() - sinceAtMs);
  const leave = await loadSlots.enter(need.place.key.text, { waitMs, nowAtMs, random });
  // Another call may have stored a value since the wait ended.
  const come = storedSince(need, ports);
  const answering = come?.kind === "answer" ? come.answer : ledAlone(need, ports);
  try {
    return await answering;
  } finally {
    leave();
  }
}

function loadingBy(ports: DataPorts): LoadPolicy<LoadNeed, LoadOutcome, CallResult> {
  return {
    keyOf: ({ place }) => place.key.text,
    waitTimeoutMsOf: (need) => waitTimeoutMs(need, ports),
    flightMsMaxOf,
    mayShare: () => true,
    storedSince: (need) => storedSince(need, ports),
    takeTurn: (need, flight) => acquireLock({ need, flight }, ports),
    fetch: (need, flight) => lead({ need, flight }, ports),
    accepts: (outcome, need) => accepted(outcome, need, ports),
    next: nextAfter,
    onTimeout: async (need) => staleValue(need, ports),
    alone: (need, { sinceAtMs }) => ledInTurn(need, sinceAtMs, ports),
    tooLate: async (need) => {
      return staleValue(need, ports) ?? { kind: "error", error: waitTimedOut(need) };
    },
  };
}

/**
 * Returns how long a collapsed call waits: `softTimeoutMs` if a stale value may answer. Otherwise it waits
 * `hardTimeoutMs` plus `waitTimeoutMs`, because the leader also waits for a stamp and a lock.
 */
function waitTimeoutMs(need: LoadNeed, ports: DataPorts): number {
  return staleValue(need, ports) === undefined
    ? flightMsMaxOf(need)
    : need.place.space.softTimeoutMs;
}

/** Returns a fresh value that another load has stored in memory since the lookup. */
export function storedSince(
  { place }: LoadNeed,
  ports: DataPorts,
): LoadResult<LoadOutcome, CallResult> | undefined {
  const { memory, usesMemory } = ports.tiers.of(place.space.tiers);
  if (!usesMemory) return undefined;
  const atMs = ports.nowAtMs();
  const read = memory.read(place.key, { atMs });
  if (read.kind !== "found" || read.record.kind !== "response") return undefined;
  const metadata = asRead(read.record.stored.metadata, place);
  const { space, tags } = place;
  const verdict = metadata && judge(metadata, { space, tags, atMs, ports });
  if (metadata === undefined || verdict?.kind !== "fresh") return undefined;
  return { kind: "answer", answer: { kind: "value", metadata, by: "collapsed" } };
}

/** Calls the source. If that takes longer than `softTimeoutMs`, a stale value answers. */
function lead(part: Part, ports: DataPorts): Promise<FetchResult<CallResult>> {
  return answerWith(part.need, { loading: loadTogether([part], ports), at: 0 }, ports);
}

/**
 * Returns the answer for one part of a running load, and a promise that resolves once all its
 * values are stored.
 *
 * @param from.at the index of the part
 */
async function answerWith(
  need: LoadNeed,
  { loading, at }: { readonly loading: ReturnType<typeof loadTogether>; readonly at: number },
  ports: DataPorts,
): Promise<FetchResult<CallResult>> {
  const { softTimeoutMs } = need.place.space;
  if (softTimeoutMs > 0 && staleValue(need, ports) !== undefined) {
    const loaded = await patiently(loading, softTimeoutMs);
    const answer = typeof loaded === "string" ? staleValue(need, ports) : undefined;
    if (answer !== undefined) return { answer, done: loading.then(({ stored }) => stored) };
  }
  const { outcomes, stored } = await loading;
  return { answer: givenBy(outcomes[at], need, ports), done: stored };
}

function givenBy(outcome: LoadOutcome | undefined, need: LoadNeed, ports: DataPorts): CallResult {
  const metadata = outcome && metadataOf(outcome);
  if (metadata !== undefined) return { kind: "value", metadata, by: "load" };
  const error = outcome?.kind === "failed" ? outcome.error : undefined;
  return staleValue(need, ports) ?? { kind: "error", error };
}

/** Judges the outcome of another call's load like a stored value, by this call's view (rule 9). */
async function accepted(
  outcome: FlightOutcome<LoadOutcome>,
  need: LoadNeed,
  ports: DataPorts,
): Promise<CallResult | undefined> {
  if (outcome.kind === "failed") return staleValue(need, ports);
  const metadata = outcome.kind === "nothing-to-share" ? undefined : metadataOf(outcome);
  if (metadata === undefined || !hasForm(metadata, need.place.space)) return undefined;
  const isUsable = await isUsableNow(metadata, need.place, ports);
  return isUsable ? { kind: "value", metadata, by: "collapsed" } : undefined;
}

/**
 * Returns whether the value is usable. Ignores its age, because this call's own load would return a
 * value just as old.
 */
export async function isUsableNow(
  metadata: DataMetadata,
  place: DataPlace,
  { view, maxLagMs, colo, nowAtMs, afterAnswer }: DataPorts,
) {
  const called = asCalled(metadata, place.tags);
  const judged = () => view.judge(called, { atMs: nowAtMs(), maxLagMs, colo }).kind;
  const { host } = place.key;
  if (judged() === "unverified") await view.seek({ atMs: nowAtMs(), host, afterAnswer }, called);
  return judged() === "usable";
}

function nextAfter(outcome: FlightOutcome<LoadOutcome>): Next<LoadNeed, CallResult> {
  switch (outcome.kind) {
    case "failed":
      return { kind: "answer", answer: { kind: "error", error: outcome.error } };
    case "stored":
    case "given":
      // The value was purged meanwhile, so one of the waiting calls leads a new load.
      return { kind: "again" };
    case "nothing-to-share":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}

/** Waits for the lock of the key; `undefined` if the namespace needs no lock. */
function acquireLock(
  part: Part,
  ports: DataPorts,
): Promise<LeaderTurn<LoadOutcome, CallResult>> | undefined {
  const needsLock = part.need.place.space.isGlobal && ports.locks !== undefined;
  return needsLock ? waitForLock(part, ports) : undefined;
}

/**
 * Waits for the lock up to `waitTimeoutMs`, or up to a shorter `softTimeoutMs` if a stale value
 * may answer.
 */
async function waitForLock(
  { need, flight }: Part,
  ports: DataPorts,
): Promise<LeaderTurn<LoadOutcome, CallResult>> {
  const { space, key } = need.place;
  const isInTime = staleValue(need, ports) !== undefined && space.softTimeoutMs > 0;
  const turn = await takeTurn(
    {
      key,
      waitTimeoutMs: isInTime
        ? Math.min(space.softTimeoutMs, space.waitTimeoutMs)
        : space.waitTimeoutMs,
      flight,
      outcomeFrom: (head) => newerOutcome(head, need, ports),
      wordOn: (outcome) => wordOn(outcome, ports),
    },
    ports,
  );
  if (turn.kind === "followed") return { kind: "outcome", outcome: turn.outcome };
  // The wait for another isolate's lock timed out, or that isolate's load failed.
  const answer = turn.kind === "lead" ? undefined : staleValue(need, ports);
  if (answer === undefined) return { kind: "lead" };
  return { kind: "answer", answer, outcome: { kind: "nothing-to-share" } };
}

/** Returns the value in Redis if it is fresh, and newer than this call's value. */
async function newerOutcome(
  head: RecordHead<DataDetail>,
  need: LoadNeed,
  ports: DataPorts,
): Promise<LoadOutcome | undefined> {
  if (head.kind !== "response") return undefined;
  const sinceAtMs = need.older?.stored.metadata.respondedAtMs ?? -Infinity;
  if (head.metadata.respondedAtMs <= sinceAtMs) return undefined;
  const stored = await newerValue(need, { atPrimary: true }, ports);
  return stored && { kind: "stored", stored };
}

/** Returns a fresh value that is newer than this call's value. */
async function newerValue(
  { place, older }: LoadNeed,
  options: DataLookupOptions,
  ports: DataPorts,
): Promise<DataRecord | undefined> {
  const sinceAtMs = older?.stored.metadata.respondedAtMs ?? -Infinity;
  const isEnough = ({ candidate, verdict }: FoundData) =>
    verdict.kind === "fresh" && candidate.stored.metadata.respondedAtMs > sinceAtMs;
  const found = await new DataLookup(place, ports, { ...options, isEnough }).found();
  return found !== undefined && isEnough(found) ? found.candidate.stored : undefined;
}

/**
 * Returns the word that tells waiting isolates the outcome; `undefined` if Redis holds the value
 * for them.
 */
function wordOn(
  outcome: FlightOutcome<LoadOutcome> | undefined,
  { sharedBodyBytes }: DataPorts,
): LockWord | undefined {
  if (outcome?.kind === "failed") return "error-status";
  if (outcome?.kind !== "stored") return "nothing-to-share";
  const { bodyBytes } = outcome.stored.metadata;
  return (bodyBytes ?? 0) <= sharedBodyBytes ? undefined : "nothing-to-share";
}

/**
 * Starts at most one load for each key in this isolate, and none within `retryAfter` of a failure.
 */
export function refreshBehind(needs: readonly LoadNeed[], ports: DataPorts): void {
  const due = needs.filter((need) => !isUnderWay(need, ports) && !isResting(need, ports));
  const [first] = due;
  if (first === undefined) return;
  ports.counts.counted(first.place.space.name, "refreshes", due.length);
  const refreshing =
    due.length === 1
      ? [startFlight(first, (flight) => refreshed({ need: first, flight }, ports), ports).answer]
      : leadTogether(due, ports).map(({ answer }) => answer);
  ports.afterAnswer(async () => void (await Promise.all(refreshing)));
}

/** Returns whether a call of this isolate is already loading the value. */
export function isUnderWay({ place }: LoadNeed, { flights, nowAtMs }: DataPorts): boolean {
  return flights.get(place.key.text, nowAtMs()) !== undefined;
}

/** Uses a newer value of another isolate from a lower tier; otherwise loads from the source. */
async function refreshed(part: Part, ports: DataPorts): Promise<FetchResult<CallResult>> {
  const { need, flight } = part;
  const isFarthest = need.older?.tier === ports.tiers.of(need.place.space.tiers).all.at(-1)?.name;
  const mayBeBelow = need.older !== undefined && !isFarthest;
  const stored = mayBeBelow ? await newerValue(need, {}, ports) : undefined;
  if (stored !== undefined) {
    flight.settle({ kind: "stored", stored });
    return unread({ kind: "value", metadata: stored.metadata, by: "collapsed" });
  }
  const turn = await acquireLock(part, ports);
  if (turn === undefined || turn.kind === "lead") return lead(part, ports);
  flight.settle(turn.outcome);
  return unread({ kind: "error", error: undefined });
}

/** Wraps an answer that no caller reads. */
function unread(answer: CallResult): FetchResult<CallResult> {
  return { answer, done: Promise.resolve() };
}

/**
 * Starts one load for several keys that no other call is loading.
 *
 * @param needs all of one namespace and one load; not empty
 * @returns the flight and the answer of each, in order; no promise rejects
 */
export function leadTogether(
  needs: readonly LoadNeed[],
  ports: DataPorts,
): readonly (Part & { readonly answer: Promise<CallResult> })[] {
  const { promise: loading, resolve } =
    Promise.withResolvers<Awaited<ReturnType<typeof loadTogether>>>();
  const loads = needs.map((need, at) => {
    const leader = () => answerWith(need, { loading, at }, ports);
    return { need, ...startFlight(need, leader, ports) };
  });
  resolve(loadTogether(loads, ports));
  return loads;
}
