// Limits fetches to one per key worldwide: waits for the lock, or for its holder's result.
import { patiently, tryUntil } from "../base/timeouts.ts";
import type { Flight, FlightOutcome, SharedOutcome, StartPorts } from "./flights.ts";
import { type Lock, type LockAnswer, lockMs, type Locks, type LockWord } from "./tiers/lock.ts";
import type { RecordKey } from "./record/record-key.ts";

/** The result of waiting for the lock. */
export type Turn<Outcome> =
  /** The request fetches: it has the lock, waiting is pointless, or Redis is unavailable. */
  | { readonly kind: "lead" }
  /** Another request's fetch had this outcome. */
  | { readonly kind: "followed"; readonly outcome: Outcome }
  /** The last holder replaced the lock with this word, a message for waiting requests. */
  | { readonly kind: "told"; readonly word: Exclude<LockWord, "nothing-to-share"> }
  | { readonly kind: "timed-out" };

/**
 * A request for the lock.
 *
 * @typeParam Head a record in the shared tier without its body
 */
export interface TurnAsk<Head, Shared extends SharedOutcome> {
  readonly key: RecordKey;
  readonly waitTimeoutMs: number;
  /** The lock is held as long as this flight lasts. */
  readonly flight: Flight<Shared>;
  /** The word that this request replaces with its own lock. Every other word ends the wait. */
  readonly takesOver?: LockWord | undefined;
  /**
   * Returns the outcome of a record in the shared tier; `undefined` if the request cannot use the
   * record.
   */
  readonly outcomeFrom: (record: Head) => Promise<FlightOutcome<Shared> | undefined>;
  /**
   * Returns the word to store about an outcome; `undefined` if the shared tier has the record for
   * all waiting calls.
   */
  readonly wordOn: (outcome: FlightOutcome<Shared> | undefined) => LockWord | undefined;
}

export interface TurnPorts<Head> extends StartPorts {
  /** `undefined` without a shared tier. */
  readonly locks: Locks<Head> | undefined;
  readonly random: () => number;
}

const firstPauseMs = 50;
const pauseMsMax = 250;
const renewEveryMs = lockMs / 3;
/**
 * The maximum number of renewals, which take 30 s. The runtime ends background work 30 s after the
 * response is sent.
 */
const renewalsMax = 30;

/**
 * Polls for the lock until `ask.waitTimeoutMs` have passed, usually with three commands each time.
 */
export async function takeTurn<Head, Shared extends SharedOutcome>(
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>>> {
  const { locks, nowAtMs, random } = ports;
  if (locks === undefined) return { kind: "lead" };
  let nextMs = firstPauseMs;
  const pauseMs = () => {
    // Jitter prevents requests that start together from polling together.
    const spreadMs = nextMs * (0.5 + random() / 2);
    nextMs = Math.min(pauseMsMax, 1.5 * nextMs);
    return spreadMs;
  };
  const attempt = async () => turnAfter(await locks.ask(ask.key), ask, ports);
  const turn = await tryUntil(attempt, { waitMs: ask.waitTimeoutMs, pauseMs, nowAtMs });
  return turn ?? { kind: "timed-out" };
}

/** @returns `undefined` while another request holds the lock */
async function turnAfter<Head, Shared extends SharedOutcome>(
  answer: LockAnswer<Head>,
  ask: TurnAsk<Head, Shared>,
  ports: TurnPorts<Head>,
): Promise<Turn<FlightOutcome<Shared>> | undefined> {
  if (answer.kind === "unavailable") return { kind: "lead" };
  const outcome = answer.record && (await ask.outcomeFrom(answer.record));
  if (outcome !== undefined) {
    if (answer.kind === "taken") ports.afterAnswer(() => answer.lock.release());
    return { kind: "followed", outcome };
  }
  if (answer.kind === "held") return undefined;
  if (answer.kind === "told" && answer.word === ask.takesOver) {
    const lock = await ports.locks?.takeOver(ask.key, answer.word);
    if (lock !== undefined) hold(lock, ask, ports);
    return lock && { kind: "lead" };
  }
  if (answer.kind === "told") {
    return answer.word === "nothing-to-share"
      ? { kind: "lead" }
      : { kind: "told", word: answer.word };
  }
  hold(answer.lock, ask, ports);
  return { kind: "lead" };
}

/** Holds the lock while the flight lasts. Then releases it, or stores a word about the outcome. */
function hold<Head, Shared extends SharedOutcome>(
  lock: Lock,
  { flight, wordOn }: TurnAsk<Head, Shared>,
  { afterAnswer }: TurnPorts<Head>,
): void {
  afterAnswer(async () => {
    for (let renewals = 0; renewals < renewalsMax; renewals += 1) {
      if ((await patiently(flight.ended, renewEveryMs)) !== "timed-out") break;
      await lock.renew();
    }
    await lock.release(wordOn(flight.outcome));
  });
}
