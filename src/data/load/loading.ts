// Collapses loads of one key: one caller leads, and the others follow. Answers callers whose wait times out.
import { load, type LoadPorts } from "../../cache/load.ts";
import type { LoadResult, LoadPolicy, Next } from "../../cache/load-policy.ts";
import type { FetchResult, FlightOutcome } from "../../cache/flights.ts";
import { unreachable } from "../../rules/unreachable.ts";
import { patiently } from "../../base/timeouts.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import type { DataMetadata } from "../value/data-record.ts";
import { LoadTimedOut } from "../value/load-context.ts";
import { loadTogether, type LoadTogetherPorts, metadataOf, type Part } from "./load-together.ts";
import type { DataFlight, DataFlights, CallResult, LoadOutcome, LoadNeed } from "./load-outcome.ts";
import { standIn } from "./stale-value.ts";
import { hasForm, judge, type VerdictPorts } from "./verdict.ts";
import { worldTurn, type WorldTurnPorts } from "./world-turn.ts";

/** The dependencies of loading. */
export interface LoadingPorts
  extends LoadTogetherPorts, LoadPorts<LoadOutcome>, VerdictPorts, WorldTurnPorts {
  readonly view: Pick<PurgeView, "judge" | "seek" | "stamp" | "mayBeValidated" | "attend">;
  readonly flights: DataFlights;
  readonly random: () => number;
  readonly nowAtMs: () => number;
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** Loads one value, or uses the result of another call's load. Never rejects. */
export async function loadOne(need: LoadNeed, ports: LoadingPorts): Promise<CallResult> {
  const isAlone = need.isForced || ports.isHeldBack(need.place);
  return isAlone ? ledAlone(need, ports) : load(need, loadingBy(ports), ports);
}

function waitTimedOut({ place }: LoadNeed): LoadTimedOut {
  const { name, hardTimeoutMs } = place.space;
  return new LoadTimedOut(
    `Other calls' loads of ${name} have taken more than ${hardTimeoutMs} ms.`,
  );
}

/** Starts a new flight. Later callers wait for this load, not for an earlier one. */
function ledAlone(need: LoadNeed, ports: LoadingPorts): Promise<CallResult> {
  const leader = (flight: DataFlight) => lead({ need, flight }, ports);
  return ports.flights.start(need.place.key.text, leader, ports).answer;
}

function loadingBy(ports: LoadingPorts): LoadPolicy<LoadNeed, LoadOutcome, CallResult> {
  return {
    keyOf: ({ place }) => place.key.text,
    waitTimeoutMsOf: (need) => waitTimeoutMs(need, ports),
    mayShare: () => true,
    withoutFetch: async () => undefined,
    storedSince: (need) => storedSince(need, ports),
    takeTurn: (need, flight) => worldTurn({ need, flight }, ports),
    fetch: (need, flight) => lead({ need, flight }, ports),
    accepts: (outcome, need) => accepted(outcome, need, ports),
    next: nextAfter,
    onTimeout: async (need) => standIn(need, ports),
    alone: (need) => ledAlone(need, ports),
    tooLate: async (need) => {
      return standIn(need, ports) ?? { kind: "error", error: waitTimedOut(need) };
    },
  };
}

/**
 * Returns how long a follower waits: `softTimeoutMs` if a stale value may answer. Otherwise longer than
 * `hardTimeoutMs`, because the leader also waits for a stamp and a lease.
 */
function waitTimeoutMs(need: LoadNeed, ports: LoadingPorts): number {
  const { softTimeoutMs, hardTimeoutMs, waitTimeoutMs: forOthersMs } = need.place.space;
  return standIn(need, ports) === undefined ? hardTimeoutMs + forOthersMs : softTimeoutMs;
}

/** Returns a value that another load has put into memory since the look-up. */
export function storedSince(
  { place }: LoadNeed,
  ports: LoadingPorts,
): LoadResult<LoadOutcome, CallResult> | undefined {
  const { memory, usesMemory } = ports.tiers.of(place.space.tiers);
  if (!usesMemory) return undefined;
  const atMs = ports.nowAtMs();
  const read = memory.read(place.key, { atMs });
  if (read.kind !== "found" || read.record.kind !== "response") return undefined;
  const { metadata } = read.record.stored;
  const verdict = judge(metadata, { space: place.space, atMs, ports });
  if (verdict.kind !== "fresh") return undefined;
  return { kind: "answer", answer: { kind: "value", metadata, by: "collapsed" } };
}

/** Calls the source. If that takes longer than `softTimeoutMs`, a stale value answers. */
export async function lead(part: Part, ports: LoadingPorts): Promise<FetchResult<CallResult>> {
  const { need } = part;
  const loading = loadTogether([part], ports);
  return answerWith(
    need,
    loading.then(({ outcomes, stored }) => ({ outcome: outcomes[0], stored })),
    ports,
  );
}

/** Returns the answer for one part of a running load, and a promise that resolves once all of it is stored. */
export async function answerWith(
  need: LoadNeed,
  loading: Promise<{ outcome: LoadOutcome | undefined; stored: Promise<unknown> }>,
  ports: LoadingPorts,
): Promise<FetchResult<CallResult>> {
  // If the load rejects, the answer does too, so this promise need not.
  const done = loading.then(
    async ({ stored }) => void (await stored),
    () => undefined,
  );
  const { softTimeoutMs } = need.place.space;
  if (softTimeoutMs > 0 && standIn(need, ports) !== undefined) {
    const came = await patiently(loading, softTimeoutMs);
    const answer = typeof came === "string" ? standIn(need, ports) : undefined;
    if (answer !== undefined) return { answer, done };
  }
  const { outcome } = await loading;
  return { answer: givenBy(outcome, need, ports), done };
}

function givenBy(
  outcome: LoadOutcome | undefined,
  need: LoadNeed,
  ports: LoadingPorts,
): CallResult {
  const metadata = outcome && metadataOf(outcome);
  if (metadata !== undefined) return { kind: "value", metadata, by: "load" };
  const error = outcome?.kind === "failed" ? outcome.error : undefined;
  return standIn(need, ports) ?? { kind: "error", error };
}

/** Judges the outcome of another call's load like a stored value, by this call's view (rule 9). */
async function accepted(
  outcome: FlightOutcome<LoadOutcome>,
  need: LoadNeed,
  ports: LoadingPorts,
): Promise<CallResult | undefined> {
  if (outcome.kind === "failed") return standIn(need, ports);
  const metadata = outcome.kind === "nothing-to-share" ? undefined : metadataOf(outcome);
  if (metadata === undefined || !hasForm(metadata, need.place.space)) return undefined;
  const isUsable = await isUsableNow(metadata, need, ports);
  return isUsable ? { kind: "value", metadata, by: "collapsed" } : undefined;
}

/** Ignores the age: a load of this call's own would have returned a value just as old. */
async function isUsableNow(metadata: DataMetadata, need: LoadNeed, ports: LoadingPorts) {
  const { view, maxLagMs, colo, nowAtMs, afterAnswer } = ports;
  const judged = () => view.judge(metadata, { atMs: nowAtMs(), maxLagMs, colo }).kind;
  if (judged() !== "unverified") return judged() === "usable";
  const { host } = need.place.key;
  await view.seek({ atMs: nowAtMs(), host, afterAnswer }, metadata.stamp);
  return judged() === "usable";
}

function nextAfter(outcome: FlightOutcome<LoadOutcome>): Next<LoadNeed, CallResult> {
  switch (outcome.kind) {
    case "failed": {
      const { error } = outcome;
      return { kind: "failed", isFinal: true, answer: () => ({ kind: "error", error }) };
    }
    case "stored":
    case "given":
      // The value was purged meanwhile: one of the followers leads a new load.
      return { kind: "again" };
    case "nothing-to-share":
      return { kind: "alone" };
    default:
      return unreachable(outcome);
  }
}
