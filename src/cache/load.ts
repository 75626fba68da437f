// Loads a missing record. Requests for the same key are collapsed into one fetch per isolate or,
// with a lock, into one fetch worldwide. Waiting calls receive plain data, judge it themselves, and
// wait with their own timers.
import { isWithinMs } from "../base/elapsed.ts";
import { unreachable } from "../base/unreachable.ts";
import type {
  FetchResult,
  Flight,
  FlightOutcome,
  FlightResult,
  Flights,
  SharedOutcome,
  StartPorts,
} from "./flights.ts";

/** The result of a leader's wait for the lock. */
export type LeaderTurn<Shared extends SharedOutcome, Result> =
  /** The leader fetches. */
  | { readonly kind: "lead" }
  /** The leader does not fetch. Waiting calls receive the outcome; the leader's own answer may differ. */
  | (LoadResult<Shared, Result> & { readonly outcome: FlightOutcome<Shared> });

/** The next step after an outcome that cannot answer. */
export type Next<Place, Result> =
  /** The request needs a record under another key. */
  | { readonly kind: "elsewhere"; readonly place: Place }
  | { readonly kind: "answer"; readonly answer: Result }
  /** One of the waiting calls leads next, and the others wait for it. */
  | { readonly kind: "again" }
  /** Each request fetches for itself. */
  | { readonly kind: "alone" };

/** A request's history of waits. `sinceAtMs` is the start of its load, in epoch milliseconds. */
interface WaitHistory {
  readonly hasWaited: boolean;
  readonly sinceAtMs: number;
}

/**
 * The steps of a load.
 *
 * @typeParam Place the request, with the user's own data about it
 */
export interface LoadPolicy<Place, Shared extends SharedOutcome, Result> {
  /** Returns the key. Requests with the same key are collapsed. */
  readonly keyOf: (place: Place) => string;
  /** Returns the wait timeout for another request's fetch. */
  readonly waitTimeoutMsOf: (place: Place) => number;
  /** Returns the maximum duration of a fetch, if it may exceed the default. */
  readonly flightMsMaxOf?: (place: Place) => number;
  /** Returns whether several requests may share the result. */
  readonly mayShare: (place: Place) => boolean;
  /** Returns an answer that needs no fetch. Runs before each attempt. */
  readonly withoutAsking?: (place: Place, waited: WaitHistory) => Promise<Result | undefined>;
  /**
   * Returns a record that was stored since the lookup. Synchronous, so that no other request can
   * start a flight first.
   */
  readonly storedSince: (place: Place) => LoadResult<Shared, Result> | undefined;
  /** Waits for the leader's lock; `undefined` if the leader needs no lock. */
  takeTurn(place: Place, flight: Flight<Shared>): Promise<LeaderTurn<Shared, Result>> | undefined;
  /** Fetches, and settles the flight as soon as there is an outcome for waiting calls. */
  readonly fetch: (place: Place, flight: Flight<Shared>) => Promise<FetchResult<Result>>;
  /**
   * Returns an answer from the outcome of another request's flight; `undefined` if it cannot
   * answer.
   */
  readonly accepts: (outcome: FlightOutcome<Shared>, place: Place) => Promise<Result | undefined>;
  /** Returns the next step after an outcome that was not accepted. */
  readonly next: (
    outcome: FlightOutcome<Shared>,
    place: Place,
  ) => Next<Place, Result> | Promise<Next<Place, Result>>;
  /** Returns an answer for a request whose wait timed out. */
  readonly onTimeout: (place: Place) => Promise<Result | undefined>;
  /** Fetches for one request only, because it cannot share a result or its waits had no result. */
  readonly alone: (place: Place, waited: WaitHistory) => Promise<Result>;
  /**
   * Answers a request whose waits all timed out. The request's own fetch would probably time out as
   * well.
   */
  readonly tooLate: (place: Place) => Promise<Result>;
  /**
   * The policy of anonymous fetches. Absent if a fetch does not depend on the client, so that its
   * failure applies to all requests.
   */
  readonly anonymous?: AnonymousPolicy<Place, Shared>;
}

/**
 * Anonymous fetches, which the isolate makes without a client's fields. A client's fetch also
 * serves other clients if its response was stored. A failure or a private response applies only to
 * that client, and the other clients wait for an anonymous fetch.
 */
interface AnonymousPolicy<Place, Shared extends SharedOutcome> {
  /** Returns whether this outcome of a client's fetch applies only to that client. */
  readonly isFault: (outcome: FlightOutcome<Shared>, place: Place) => boolean;
  /** Returns whether a client's fetch recently failed or stalled. No client leads in that case. */
  readonly isDue: (place: Place) => boolean;
  /** Remembers that a client's fetch failed or stalled. */
  readonly require: (place: Place) => void;
  /** Returns how long others wait for a client's fetch before a parallel anonymous fetch starts. */
  readonly startsAfterMs: (place: Place) => number;
  /** Starts an anonymous fetch. Never rejects. */
  readonly start: (place: Place) => Flight<Shared>;
}

/** The result of an attempt for one request. */
export type LoadResult<Shared extends SharedOutcome, Result> =
  | { readonly kind: "answer"; readonly answer: Result }
  | { readonly kind: "outcome"; readonly outcome: FlightOutcome<Shared> };

export interface LoadPorts<Shared extends SharedOutcome> extends StartPorts {
  readonly flights: Flights<Shared>;
}

/**
 * The maximum number of waits without an answer. Stalls, faults of clients and outcomes of earlier
 * flights are not counted.
 */
const turnsMax = 3;

/**
 * The number of failures that another client may have caused, after which a request fetches for
 * itself.
 */
const faultsMax = 3;

/** Waits for the fetch in progress and judges its outcome. Leads a fetch if none is in progress. */
export async function load<Place, Shared extends SharedOutcome, Result>(
  first: Place,
  by: LoadPolicy<Place, Shared, Result>,
  ports: LoadPorts<Shared>,
): Promise<Result> {
  const turns = new Turns(by, ports);
  let place = first;
  const waited = { hasWaited: false, sinceAtMs: ports.nowAtMs() };
  let [timeouts, faults] = [0, 0];
  for (let turn = 0; turn < turnsMax && by.mayShare(place);) {
    const fetchless = by.withoutAsking && (await by.withoutAsking(place, waited));
    if (fetchless !== undefined) return fetchless;
    const result = await turns.next(place);
    waited.hasWaited = true;
    if (result.kind === "answer") return result.answer;
    if (result.kind === "stalled") {
      by.anonymous?.require(place);
      continue;
    }
    if (result.kind === "timed-out" || result.kind === "abandoned") {
      if (result.kind === "timed-out") timeouts += 1;
      turn += 1;
      continue;
    }
    const answer = await by.accepts(result.outcome, place);
    if (answer !== undefined) return answer;
    // The outcome is from an earlier flight, so continue to wait.
    if (result.kind === "late") continue;
    const isOfClient = result.flight?.isAnonymous !== true;
    if (isOfClient && by.anonymous?.isFault(result.outcome, place) === true) {
      faults += 1;
      if (faults === faultsMax) return by.alone(place, waited);
      by.anonymous.require(place);
      turns.failed(result.flight);
      continue;
    }
    const next = await by.next(result.outcome, place);
    switch (next.kind) {
      case "answer":
        return next.answer;
      case "alone":
        return by.alone(place, waited);
      case "again":
        turn += 1;
        break;
      case "elsewhere":
        ({ place } = next);
        turns.forget();
        turn += 1;
        break;
      default:
        unreachable(next);
    }
  }
  return timeouts === turnsMax ? by.tooLate(place) : by.alone(place, waited);
}

type TurnResult<Shared extends SharedOutcome, Result> =
  | (LoadResult<Shared, Result> & { readonly flight?: undefined })
  /** `late`: the outcome is from an earlier flight in `#inVain`. */
  | ({ readonly kind: "outcome" | "late" } & FlightResult<Shared>)
  | { readonly kind: "timed-out" }
  /** The leader's request ended without an outcome. */
  | { readonly kind: "abandoned" }
  /** A client's fetch is so slow that a parallel anonymous fetch must start. */
  | { readonly kind: "stalled" };

/** The attempts of one request, and the flights that it has waited for. */
class Turns<Place, Shared extends SharedOutcome, Result> {
  readonly #by: LoadPolicy<Place, Shared, Result>;
  readonly #ports: LoadPorts<Shared>;
  /** The flights for which a wait timed out or stalled, and whose late outcome may still answer. */
  readonly #inVain = new Set<Flight<Shared>>();
  /** The last failed flight. */
  #failed: Flight<Shared> | undefined;
  /** Whether the request may wait for the lock: false after it has waited for a flight in vain. */
  #mayTakeTurn = true;

  constructor(by: LoadPolicy<Place, Shared, Result>, ports: LoadPorts<Shared>) {
    this.#by = by;
    this.#ports = ports;
  }

  /** @param flight `undefined` if the request did not wait for a flight */
  failed(flight: Flight<Shared> | undefined): void {
    this.#failed = flight ?? this.#failed;
  }

  /** Resets the state when the request continues with another key. */
  forget(): void {
    this.#inVain.clear();
    this.#failed = undefined;
  }

  async next(place: Place): Promise<TurnResult<Shared, Result>> {
    const { flights, nowAtMs } = this.#ports;
    const key = this.#by.keyOf(place);
    const replacement = this.#failed?.replacement;
    const running = replacement ?? flights.get(key, nowAtMs());
    if (
      running !== undefined &&
      (running === replacement || running.outcome?.stored === undefined)
    ) {
      if (this.#failed !== undefined) this.#failed.replacement = running;
      return this.#follow(running, place);
    }
    const stored = this.#by.storedSince(place);
    if (stored !== undefined) return stored;
    if (this.#by.anonymous?.isDue(place) === true) {
      const flight = this.#by.anonymous.start(place);
      if (this.#failed !== undefined) this.#failed.replacement = flight;
      return this.#follow(flight, place);
    }
    const lead = (own: Flight<Shared>) => this.#lead(own, place);
    const msMax = this.#by.flightMsMaxOf?.(place) ?? 0;
    const { flight, answer } = flights.start(key, lead, this.#ports, { msMax });
    if (this.#failed !== undefined) this.#failed.replacement = flight;
    return answer;
  }

  async #lead(
    flight: Flight<Shared>,
    place: Place,
  ): Promise<FetchResult<LoadResult<Shared, Result>>> {
    const taking = this.#mayTakeTurn ? this.#by.takeTurn(place, flight) : undefined;
    const turn = taking && (await taking);
    if (turn !== undefined && turn.kind !== "lead") {
      flight.settle(turn.outcome);
      return { answer: turn, done: Promise.resolve() };
    }
    const { answer, done } = await this.#by.fetch(place, flight);
    return { answer: { kind: "answer", answer }, done };
  }

  async #follow(running: Flight<Shared>, place: Place): Promise<TurnResult<Shared, Result>> {
    const waitTimeoutMs = this.#by.waitTimeoutMsOf(place);
    const heard = await this.#hear(running, place);
    if (typeof heard !== "string") {
      if (heard.flight === running) return { kind: "outcome", ...heard };
      this.#inVain.delete(heard.flight);
      return { kind: "late", ...heard };
    }
    this.#inVain.add(running);
    this.#failed = undefined;
    if (heard === "stalled") {
      this.#ports.flights.leave(this.#by.keyOf(place), running);
      return { kind: heard };
    }
    this.#mayTakeTurn = false;
    const answer = heard === "timed-out" ? await this.#by.onTimeout(place) : undefined;
    if (answer !== undefined) return { kind: "answer", answer };
    // The leader's request has ended, or is too slow. The first waiting call that detects this leads
    // the others.
    const { flights, nowAtMs } = this.#ports;
    const isSlow = !running.hasJustBegun(nowAtMs(), waitTimeoutMs);
    if (isSlow || heard === "abandoned") flights.leave(this.#by.keyOf(place), running);
    return { kind: heard };
  }

  /** Waits for a flight. `stalled`: a client's fetch exceeded its shorter timeout. */
  async #hear(running: Flight<Shared>, place: Place) {
    const waitTimeoutMs = this.#by.waitTimeoutMsOf(place);
    const inVain = [...this.#inVain];
    const { anonymous } = this.#by;
    if (anonymous === undefined || running.isAnonymous) return running.wait(waitTimeoutMs, inVain);
    const afterMs = Math.min(waitTimeoutMs, anonymous.startsAfterMs(place));
    const { nowAtMs } = this.#ports;
    const sinceAtMs = nowAtMs();
    const heard = await running.wait(afterMs, inVain);
    if (heard !== "timed-out") return heard;
    // A leader that waits for the lock has not begun to fetch. A timer may also fire although the
    // isolate's clock has not advanced.
    const hasStalled = running.isLeading && !isWithinMs(afterMs / 2, sinceAtMs, nowAtMs());
    return hasStalled ? "stalled" : running.wait(waitTimeoutMs - afterMs, inVain);
  }
}
