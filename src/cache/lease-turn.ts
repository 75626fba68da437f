// One fetch in the world per key: waits for the lease, or for its holder's result.
import { patiently, tryUntil } from "../base/timeouts.ts";
import type { Flight, FlightOutcome, SharedOutcome, StartPorts } from "./flights.ts";
import { type Lease, type LeaseAnswer, leaseMs, type Leases, type LeaseWord } from "./lease.ts";
import type { RecordKey } from "./record/record-key.ts";

/** The result of waiting for a turn in the world. */
export type Turn<Outcome> =
  /** The request asks the source: it has the lease, nobody waits for another, or Redis is unavailable. */
  | { readonly kind: "lead" }
  /** Another request's fetch had this outcome. */
  | { readonly kind: "followed"; readonly outcome: Outcome }
  /** The last holder left word that there is nothing to wait for. */
  | { readonly kind: "told"; readonly word: Exclude<LeaseWord, "nothing-to-share"> }
  | { readonly kind: "timed-out" };

/**
 * A request for a turn in the world.
 *
 * @typeParam Head a record in the shared tier, without its body
 */
export interface TurnAsk<Head, Shared extends SharedOutcome> {
  readonly key: RecordKey;
  readonly waitTimeoutMs: number;
  /** The lease is held as long as this flight lasts. */
  readonly flight: Flight<Shared>;
  /** The word that may be replaced by a lease. Without one, every word ends the wait. */
  readonly takesOver?: LeaseWord | undefined;
  /** @returns `undefined` if the record in the shared tier is not the one needed */
  readonly outcomeFrom: (record: Head) => Promise<FlightOutcome<Shared> | undefined>;
  /** @returns `undefined` if the shared tier has the record for all followers */
  readonly wordOn: (outcome: FlightOutcome<Shared> | undefined) => LeaseWord | undefined;
}

export interface TurnPorts<Head> extends StartPorts {
  /** `undefined` without a database. */
  readonly leases: Leases<Head> | undefined;
  readonly random: () => number;
}

const firstPauseMs = 50;
const pauseMsMax = 250;
const renewEveryMs = leaseMs / 3;
/** The runtime ends background work 30 s after the answer. */
const renewalsMax = 30;

/** Polls for the lease, three commands each time, until `patienceMs` are over. */
export async function takeTurn<Head, Shared extends SharedOutcome>(
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>>> {
  const { leases, nowAtMs, random } = ports;
  if (leases === undefined) return { kind: "lead" };
  let nextMs = firstPauseMs;
  const pauseMs = () => {
    // Jitter, so that requests that start together do not poll together.
    const spreadMs = nextMs * (0.5 + random() / 2);
    nextMs = Math.min(pauseMsMax, 1.5 * nextMs);
    return spreadMs;
  };
  const attempt = async () => turnAfter(await leases.ask(ask.key), ask, ports);
  const turn = await tryUntil(attempt, { waitMs: ask.waitTimeoutMs, pauseMs, nowAtMs });
  return turn ?? { kind: "timed-out" };
}

/** @returns `undefined` while another holds the lease */
async function turnAfter<Head, Shared extends SharedOutcome>(
  answer: LeaseAnswer<Head>,
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>> | undefined> {
  if (answer.kind === "unavailable") return { kind: "lead" };
  const outcome = answer.record && (await ask.outcomeFrom(answer.record));
  if (outcome !== undefined) {
    if (answer.kind === "taken") ports.afterAnswer(() => answer.lease.release());
    return { kind: "followed", outcome };
  }
  if (answer.kind === "held") return undefined;
  if (answer.kind === "told" && answer.word === ask.takesOver) {
    const lease = await ports.leases?.takeOver(ask.key, answer.word);
    if (lease !== undefined) hold(lease, ask, ports);
    return lease && { kind: "lead" };
  }
  if (answer.kind === "told") {
    return answer.word === "nothing-to-share"
      ? { kind: "lead" }
      : { kind: "told", word: answer.word };
  }
  hold(answer.lease, ask, ports);
  return { kind: "lead" };
}

/** Holds the lease while the flight lasts, then leaves word of the outcome. */
function hold<Head, Shared extends SharedOutcome>(
  lease: Lease,
  { flight, wordOn }: TurnAsk<Head, Shared>,
  { afterAnswer }: TurnPorts<Head>,
): void {
  afterAnswer(async () => {
    for (let renewals = 0; renewals < renewalsMax; renewals += 1) {
      if ((await patiently(flight.ended, renewEveryMs)) !== "timed-out") break;
      await lease.renew();
    }
    await lease.release(wordOn(flight.outcome));
  });
}
