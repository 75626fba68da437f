// Loads a missing record. Requests for the same key collapse into one fetch per isolate or, with a lease,
// in the world. Followers receive plain data, judge it themselves, and wait under their own timers.
import { isWithinMs } from "../base/elapsed.ts";
import { pause } from "../base/timeouts.ts";
import { unreachable } from "../rules/unreachable.ts";
import type {
  FetchResult,
  Flight,
  Flights,
  FlightResult,
  StartPorts,
  SharedOutcome,
} from "./flights.ts";
import type { LoadResult, LoadPolicy } from "./load-policy.ts";

export interface LoadPorts<Shared extends SharedOutcome> extends StartPorts {
  readonly flights: Flights<Shared>;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

/** How many fetches of others one request waits for. */
const turnsMax = 3;

/**
 * A request reports failure after this many failed fetches of others. One failure may be the fault of that
 * client's request, but a whole crowd must not retry against a failing source.
 */
const failuresMax = 2;
/** A request fetches for itself after this many failures that may be another client's fault. */
const faultsMax = 3;
/** Followers retry at a random time within this limit. */
const drawnWithinMs = 20;

/** Leads a fetch if there is none, else waits for the one in progress and judges its outcome. */
export async function load<Place, Shared extends SharedOutcome, Result>(
  first: Place,
  by: LoadPolicy<Place, Shared, Result>,
  ports: LoadPorts<Shared>,
): Promise<Result> {
  const turns = new Turns(by, ports);
  let place = first;
  const waited = { hasWaited: false, sinceAtMs: ports.nowAtMs() };
  let [timeouts, failures, faults] = [0, 0, 0];
  for (let turn = 0; turn < turnsMax && by.mayShare(place);) {
    const fetchless = await by.withoutFetch(place, waited);
    if (fetchless !== undefined) return fetchless;
    const came = await turns.next(place);
    waited.hasWaited = true;
    if (came.kind === "answer") return came.answer;
    if (came.kind === "stalled") {
      by.anonymous?.require(place);
      continue;
    }
    if (came.kind === "timed-out" || came.kind === "abandoned") {
      if (came.kind === "timed-out") timeouts += 1;
      turn += 1;
      continue;
    }
    const answer = await by.accepts(came.outcome, place);
    if (answer !== undefined) return answer;
    // Ignore the late outcome and go on waiting.
    if (came.kind === "late") continue;
    const isOfClient = came.flight?.isAnonymous !== true;
    if (isOfClient && by.anonymous?.isFault(came.outcome) === true) {
      faults += 1;
      if (faults === faultsMax) return by.alone(place, waited);
      by.anonymous.require(place);
      turns.failed(came.flight);
      continue;
    }
    const next = await by.next(came.outcome, place);
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
      case "failed":
        failures += 1;
        if (next.isFinal || failures === failuresMax) return next.answer();
        turns.failed(came.flight);
        // Wait at random: the next leader may be the client that caused the failure.
        await pause(drawnWithinMs * ports.random());
        break;
      default:
        unreachable(next);
    }
  }
  return timeouts === turnsMax ? by.tooLate(place) : by.alone(place, waited);
}

type TurnResult<Shared extends SharedOutcome, Result> =
  | (LoadResult<Shared, Result> & { readonly flight?: undefined })
  /** `late`: from a flight that this request had stopped waiting for. */
  | ({ readonly kind: "outcome" | "late" } & FlightResult<Shared>)
  | { readonly kind: "timed-out" }
  /** The leader's request ended without an outcome. */
  | { readonly kind: "abandoned" }
  /** A client's fetch is so slow that an anonymous one starts beside it. */
  | { readonly kind: "stalled" };

/** One request's attempts, and the flights that it has waited for. */
class Turns<Place, Shared extends SharedOutcome, Result> {
  readonly #by: LoadPolicy<Place, Shared, Result>;
  readonly #ports: LoadPorts<Shared>;
  /** Flights that this request stopped waiting for and that have not ended. */
  readonly #inVain = new Set<Flight<Shared>>();
  /** The last failed flight. */
  #failed: Flight<Shared> | undefined;
  /** The wait for a turn in the world happens once per request. */
  #mayTakeTurn = true;

  constructor(by: LoadPolicy<Place, Shared, Result>, ports: LoadPorts<Shared>) {
    this.#by = by;
    this.#ports = ports;
  }

  /** @param flight `undefined` if the request did not wait for a flight */
  failed(flight: Flight<Shared> | undefined): void {
    this.#failed = flight ?? this.#failed;
  }

  /** Resets the state when the request turns to another key. */
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
    const come = this.#by.storedSince(place);
    if (come !== undefined) return come;
    if (this.#by.anonymous?.isDue(place) === true) {
      const flight = this.#by.anonymous.start(place);
      if (this.#failed !== undefined) this.#failed.replacement = flight;
      return this.#follow(flight, place);
    }
    const { flight, answer } = flights.start(key, (led) => this.#lead(led, place), this.#ports);
    if (this.#failed !== undefined) this.#failed.replacement = flight;
    return answer;
  }

  async #lead(
    flight: Flight<Shared>,
    place: Place,
  ): Promise<FetchResult<LoadResult<Shared, Result>>> {
    const turn = this.#mayTakeTurn ? await this.#by.takeTurn(place, flight) : undefined;
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
    // The leader is gone or too slow. The first follower to notice leads again, and the others follow it.
    const { flights, nowAtMs } = this.#ports;
    const isSlow = !running.hasJustBegun(nowAtMs(), waitTimeoutMs);
    if (isSlow || heard === "abandoned") flights.leave(this.#by.keyOf(place), running);
    return { kind: heard };
  }

  /** Waits for a flight. `stalled`: a client's fetch exceeded its own, shorter timeout. */
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
    // Before its turn in the world, a leader has not asked the source. A timer may also fire although no
    // time has passed for the isolate.
    const hasStalled = running.isLeading && !isWithinMs(afterMs / 2, sinceAtMs, nowAtMs());
    return hasStalled ? "stalled" : running.wait(waitTimeoutMs - afterMs, inVain);
  }
}
