// Loads what is not stored: one fetch for all who ask for the same, in this isolate or, by a lease, in
// the world. Who waits gets plain data, judges it like anything stored, and waits under its own timers.
import { pause } from "../patience.ts";
import { unreachable } from "../http/unreachable.ts";
import type {
  Fetched,
  Flight,
  FlightOutcome,
  Flights,
  Heard,
  StartPorts,
  SharedOutcome,
} from "./flights.ts";

export interface LoadPorts<Shared extends SharedOutcome> extends StartPorts {
  readonly flights: Flights<Shared>;
  /** 0 ≤ n < 1 */
  readonly random: () => number;
}

/** What a leader's turn in the world comes to. */
export type LeaderTurn<Shared extends SharedOutcome, Result> =
  /** It fetches. */
  | { readonly kind: "lead" }
  /** It does not: all who wait hear of the outcome, and it may be answered otherwise itself. */
  | (Come<Shared, Result> & { readonly outcome: FlightOutcome<Shared> });

/** What follows from an outcome that does not answer. */
export type Next<Place, Result> =
  /** Something else is asked for now, under a key of its own. */
  | { readonly kind: "elsewhere"; readonly place: Place }
  | { readonly kind: "answer"; readonly answer: Result }
  /** One of those who waited leads for the others. */
  | { readonly kind: "again" }
  /** So too, drawn at random, but not many times; never where `isFinal`. */
  | { readonly kind: "failed"; readonly isFinal: boolean; readonly told: () => Result }
  /** Each fetches for itself. */
  | { readonly kind: "alone" };

/**
 * How something is loaded.
 *
 * @typeParam Place what is asked for, and all that its user knows of that
 */
export interface Loading<Place, Shared extends SharedOutcome, Result> {
  /** Who has the same key waits for each other. */
  readonly keyOf: (place: Place) => string;
  /** How long one waits for another. */
  readonly patienceMsOf: (place: Place) => number;
  /** May several be given the same? */
  readonly mayShare: (place: Place) => boolean;
  /** Asked before each turn: what may answer though nothing is fetched. */
  readonly unasked: (place: Place, waited: { hasWaited: boolean }) => Promise<Result | undefined>;
  /**
   * What has been stored since it was looked for. Takes no promise: nobody else must begin a flight
   * before this request does.
   */
  readonly comeSince: (place: Place) => Come<Shared, Result> | undefined;
  /** Waits for the leader's turn in the world. */
  takeTurn(place: Place, flight: Flight<Shared>): Promise<LeaderTurn<Shared, Result>>;
  /** Asks the source, and settles the flight as soon as there is something to tell. */
  readonly fetch: (place: Place, flight: Flight<Shared>) => Promise<Fetched<Result>>;
  /** @returns `undefined` if the outcome of another's flight does not answer */
  readonly accepts: (outcome: FlightOutcome<Shared>, place: Place) => Promise<Result | undefined>;
  /** What follows from an outcome that was not accepted. */
  readonly next: (
    outcome: FlightOutcome<Shared>,
    place: Place,
  ) => Next<Place, Result> | Promise<Next<Place, Result>>;
  /** What answers one whose patience is at an end. */
  readonly inPlace: (place: Place) => Promise<Result | undefined>;
}

/** What a turn has brought to one request. */
export type Come<Shared extends SharedOutcome, Result> =
  | { readonly kind: "answer"; readonly answer: Result }
  | { readonly kind: "outcome"; readonly outcome: FlightOutcome<Shared> };

/** What a load comes to. `place` is where it was at the end. */
export type Loaded<Place, Result> =
  | { readonly kind: "answer"; readonly answer: Result }
  /** Nothing can be shared: this request has to fetch for itself. */
  | { readonly kind: "alone"; readonly place: Place; readonly hasWaited: boolean }
  /** It has waited for so many in vain that it would do no better itself. */
  | { readonly kind: "out-of-patience"; readonly place: Place };

/** How often one request may wait for another's fetch. */
const turnsMax = 3;

/**
 * After so many failed fetches of others a request is told of the failure. What the first one's own
 * request provoked need not meet the next; but a source in trouble must not see a whole crowd.
 */
const failuresMax = 2;
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
  let [hasWaited, endsOfPatience, failures] = [false, 0, 0];
  for (let turn = 0; turn < turnsMax && by.mayShare(place);) {
    const unasked = await by.unasked(place, { hasWaited });
    if (unasked !== undefined) return { kind: "answer", answer: unasked };
    const came = await turns.next(place);
    hasWaited = true;
    if (came.kind === "answer") return came;
    if (came.kind === "out-of-patience" || came.kind === "abandoned") {
      if (came.kind === "out-of-patience") endsOfPatience += 1;
      turn += 1;
      continue;
    }
    const answer = await by.accepts(came.outcome, place);
    if (answer !== undefined) return { kind: "answer", answer };
    // The request goes on waiting as if it had not come.
    if (came.kind === "late") continue;
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
  | { readonly kind: "abandoned" };

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
    const heard = await running.wait(patienceMs, [...this.#inVain]);
    if (typeof heard !== "string") {
      if (heard.flight === running) return { kind: "outcome", ...heard };
      this.#inVain.delete(heard.flight);
      return { kind: "late", ...heard };
    }
    this.#inVain.add(running);
    this.#failed = undefined;
    this.#mayTakeTurn = false;
    const answer = heard === "out-of-patience" ? await this.#by.inPlace(place) : undefined;
    if (answer !== undefined) return { kind: "answer", answer };
    // Its leader is gone or too slow: the first to notice leads anew, and the others follow.
    const { flights, nowAtMs } = this.#ports;
    const isSlow = !running.hasJustBegun(nowAtMs(), patienceMs);
    if (isSlow || heard === "abandoned") flights.leave(this.#by.keyOf(place), running);
    return { kind: heard };
  }
}
