// One fetch in the world for a key: waits for the lease, or for what its holder leaves.
import { patiently, tryUntil } from "../base/patience.ts";
import type { Flight, FlightOutcome, SharedOutcome, StartPorts } from "./flights.ts";
import { type Lease, type LeaseAsked, leaseMs, type Leases, type LeaseWord } from "./lease.ts";
import type { RecordKey } from "./record/record-key.ts";

/** What a request comes to that waits for its turn in the world. */
export type Turn<Outcome> =
  /** It asks the source: it has the lease, or nobody waits for another, or Redis is away. */
  | { readonly kind: "lead" }
  /** Another's fetch has come to this. */
  | { readonly kind: "followed"; readonly outcome: Outcome }
  /** The last holder has left word that there is nothing to wait for. */
  | { readonly kind: "told"; readonly word: Exclude<LeaseWord, "nothing-to-share"> }
  | { readonly kind: "out-of-patience" };

/**
 * What a turn in the world is asked for.
 *
 * @typeParam Head a record in the shared tier, without its body
 */
export interface TurnAsk<Head, Shared extends SharedOutcome> {
  readonly key: RecordKey;
  readonly patienceMs: number;
  /** A lease that is taken is held for as long as this flight lasts. */
  readonly flight: Flight<Shared>;
  /** The word in whose place it takes the lease; without one, every word ends its wait. */
  readonly takesOver?: LeaseWord | undefined;
  /** @returns `undefined` if the record in the shared tier is not what was waited for */
  readonly outcomeIn: (record: Head) => Promise<FlightOutcome<Shared> | undefined>;
  /** @returns `undefined` where the shared tier has it for all who wait */
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
/** The runtime ends what goes on behind an answer after half a minute. */
const renewalsMax = 30;

/** Asks for the lease again and again, three commands each time, until `patienceMs` are over. */
export async function takeTurn<Head, Shared extends SharedOutcome>(
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>>> {
  const { leases, nowAtMs, random } = ports;
  if (leases === undefined) return { kind: "lead" };
  let nextMs = firstPauseMs;
  const pauseMs = () => {
    // Spread, so that those who began together do not go on together.
    const spreadMs = nextMs * (0.5 + random() / 2);
    nextMs = Math.min(pauseMsMax, 1.5 * nextMs);
    return spreadMs;
  };
  const attempt = async () => turnAfter(await leases.ask(ask.key), ask, ports);
  const turn = await tryUntil(attempt, { waitMs: ask.patienceMs, pauseMs, nowAtMs });
  return turn ?? { kind: "out-of-patience" };
}

/** @returns `undefined` while another is on its way */
async function turnAfter<Head, Shared extends SharedOutcome>(
  told: LeaseAsked<Head>,
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>> | undefined> {
  if (told.kind === "unavailable") return { kind: "lead" };
  const outcome = told.record && (await ask.outcomeIn(told.record));
  if (outcome !== undefined) {
    if (told.kind === "taken") ports.afterAnswer(() => told.lease.release());
    return { kind: "followed", outcome };
  }
  if (told.kind === "held") return undefined;
  if (told.kind === "told" && told.word === ask.takesOver) {
    const lease = await ports.leases?.takeOver(ask.key, told.word);
    if (lease !== undefined) hold(lease, ask, ports);
    return lease && { kind: "lead" };
  }
  if (told.kind === "told") {
    return told.word === "nothing-to-share" ? { kind: "lead" } : { kind: "told", word: told.word };
  }
  hold(told.lease, ask, ports);
  return { kind: "lead" };
}

/** Holds the lease for as long as the flight lasts, then leaves word of what came of it. */
function hold<Head, Shared extends SharedOutcome>(
  lease: Lease,
  { flight, wordOn }: TurnAsk<Head, Shared>,
  { afterAnswer }: TurnPorts<Head>,
): void {
  afterAnswer(async () => {
    for (let renewals = 0; renewals < renewalsMax; renewals += 1) {
      if ((await patiently(flight.ended, renewEveryMs)) !== "out-of-patience") break;
      await lease.renew();
    }
    await lease.release(wordOn(flight.outcome));
  });
}
