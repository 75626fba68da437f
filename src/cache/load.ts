// Loads what is not stored: one fetch for all who ask for the same, in this isolate or, by a lease, in
// the world. Who waits gets plain data, judges it like anything stored, and waits under its own timers.
import { isWithinMs } from "../base/elapsed.ts";
import { pause } from "../base/patience.ts";
import { unreachable } from "../rules/unreachable.ts";
import type { Fetched, Flight, Flights, Heard, StartPorts, SharedOutcome } from "./flights.ts";
import type { Come, Loaded, Loading } from "./loading.ts";

export interface LoadPorts<Shared extends SharedOutcome> extends StartPorts {
  readonly flights: Flights<Shared>;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

/** How often one request may wait for another's fetch. */
const turnsMax = 3;

/**
 * After so many failed fetches of others a request is told of the failure. What the first one's own
 * request provoked need not meet the next; but a source in trouble must not see a whole crowd.
 */
const failuresMax = 2;
/** A request hears of this many faults of other clients' fetches before it fetches for itself. */
const faultsMax = 3;
/** Among a crowd somebody goes on at once. */
const drawnWithinMs = 20;

/** Leads where nobody does, else waits for who does, and judges what that brings. */
export async function load<Place, Shared extends SharedOutcome, Result>(
  first: Place,
  by: Loading<Place, Shared, Result>,
  ports: LoadPorts<Shared>,
): Promise<Loaded<Place, Result>> {
  const turns = new Turns(by, ports);
  let place = first;
  let [hasWaited, endsOfPatience, failures, faults] = [false, 0, 0, 0];
  for (let turn = 0; turn < turnsMax && by.mayShare(place);) {
    const unasked = await by.unasked(place, { hasWaited });
    if (unasked !== undefined) return { kind: "answer", answer: unasked };
    const came = await turns.next(place);
    hasWaited = true;
    if (came.kind === "answer") return came;
    if (came.kind === "stalled") {
      by.anonymous?.require(place);
      continue;
    }
    if (came.kind === "out-of-patience" || came.kind === "abandoned") {
      if (came.kind === "out-of-patience") endsOfPatience += 1;
      turn += 1;
      continue;
    }
    const answer = await by.accepts(came.outcome, place);
    if (answer !== undefined) return { kind: "answer", answer };
    // The request goes on waiting as if it had not come.
    if (came.kind === "late") continue;
    const isOfClient = came.flight?.isAnonymous !== true;
    if (isOfClient && by.anonymous?.isFault(came.outcome) === true) {
      faults += 1;
      if (faults === faultsMax) return { kind: "alone", place, hasWaited };
      by.anonymous.require(place);
      turns.failed(came.flight);
      continue;
    }
    const next = await by.next(came.outcome, place);
    switch (next.kind) {
      case "answer":
        return next;
      case "alone":
        return { kind: "alone", place, hasWaited };
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
        if (next.isFinal || failures === failuresMax)
          return { kind: "answer", answer: next.told() };
        turns.failed(came.flight);
        // Any of them, since the next may be the same client.
        await pause(drawnWithinMs * ports.random());
        break;
      default:
        unreachable(next);
    }
  }
  const isOver = endsOfPatience === turnsMax;
  return isOver ? { kind: "out-of-patience", place } : { kind: "alone", place, hasWaited };
}

type Came<Shared extends SharedOutcome, Result> =
  | (Come<Shared, Result> & { readonly flight?: undefined })
  /** `late`: of a flight that this request had waited for in vain. */
  | ({ readonly kind: "outcome" | "late" } & Heard<Shared>)
  | { readonly kind: "out-of-patience" }
  /** The leader's request has ended without a word. */
  | { readonly kind: "abandoned" }
  /** A client's own fetch takes so long that an anonymous one starts beside it. */
  | { readonly kind: "stalled" };

/** One request's turns, and what it knows of the flights for the same that it has waited for. */
class Turns<Place, Shared extends SharedOutcome, Result> {
  readonly #by: Loading<Place, Shared, Result>;
  readonly #ports: LoadPorts<Shared>;
  /** None of these has ended yet. */
  readonly #inVain = new Set<Flight<Shared>>();
  /** The last that failed. */
  #failed: Flight<Shared> | undefined;
  /** Patience for the rest of the world is had once. */
  #mayTakeTurn = true;

  constructor(by: Loading<Place, Shared, Result>, ports: LoadPorts<Shared>) {
    this.#by = by;
    this.#ports = ports;
  }

  /** @param flight `undefined` if it was no flight that was waited for */
  failed(flight: Flight<Shared> | undefined): void {
    this.#failed = flight ?? this.#failed;
  }

  /** Something else is waited for from here on. */
  forget(): void {
    this.#inVain.clear();
    this.#failed = undefined;
  }

  async next(place: Place): Promise<Came<Shared, Result>> {
    const { flights, nowAtMs } = this.#ports;
    const key = this.#by.keyOf(place);
    const anew = this.#failed?.ledAnew;
    const running = anew ?? flights.get(key, nowAtMs());
    if (running !== undefined && (running === anew || running.outcome?.stored === undefined)) {
      if (this.#failed !== undefined) this.#failed.ledAnew = running;
      return this.#follow(running, place);
    }
    const come = this.#by.comeSince(place);
    if (come !== undefined) return come;
    if (this.#by.anonymous?.isDue(place) === true) {
      const flight = this.#by.anonymous.start(place);
      if (this.#failed !== undefined) this.#failed.ledAnew = flight;
      return this.#follow(flight, place);
    }
    const { flight, answer } = flights.start(key, (led) => this.#lead(led, place), this.#ports);
    if (this.#failed !== undefined) this.#failed.ledAnew = flight;
    return answer;
  }

  async #lead(flight: Flight<Shared>, place: Place): Promise<Fetched<Come<Shared, Result>>> {
    const turn = this.#mayTakeTurn ? await this.#by.takeTurn(place, flight) : undefined;
    if (turn !== undefined && turn.kind !== "lead") {
      flight.settle(turn.outcome);
      return { answer: turn, done: Promise.resolve() };
    }
    const { answer, done } = await this.#by.fetch(place, flight);
    return { answer: { kind: "answer", answer }, done };
  }

  async #follow(running: Flight<Shared>, place: Place): Promise<Came<Shared, Result>> {
    const patienceMs = this.#by.patienceMsOf(place);
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
    const answer = heard === "out-of-patience" ? await this.#by.inPlace(place) : undefined;
    if (answer !== undefined) return { kind: "answer", answer };
    // Its leader is gone or too slow: the first to notice leads anew, and the others follow.
    const { flights, nowAtMs } = this.#ports;
    const isSlow = !running.hasJustBegun(nowAtMs(), patienceMs);
    if (isSlow || heard === "abandoned") flights.leave(this.#by.keyOf(place), running);
    return { kind: heard };
  }

  /** `stalled`: of a client's own fetch, which is given less time than patience lasts. */
  async #hear(running: Flight<Shared>, place: Place) {
    const patienceMs = this.#by.patienceMsOf(place);
    const inVain = [...this.#inVain];
    const { anonymous } = this.#by;
    if (anonymous === undefined || running.isAnonymous) return running.wait(patienceMs, inVain);
    const afterMs = Math.min(patienceMs, anonymous.startsAfterMs(place));
    const { nowAtMs } = this.#ports;
    const sinceAtMs = nowAtMs();
    const heard = await running.wait(afterMs, inVain);
    if (heard !== "out-of-patience") return heard;
    // A leader that waits for its turn in the world has asked for nothing yet. And a timer may fire
    // in an isolate for which no time has passed.
    const hasStalled = running.isLeading && !isWithinMs(afterMs / 2, sinceAtMs, nowAtMs());
    return hasStalled ? "stalled" : running.wait(patienceMs - afterMs, inVain);
  }
}
