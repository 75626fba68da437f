// The steps of a load that a user of the cache provides, and the result of each.
import type { Fetched, Flight, FlightOutcome, SharedOutcome } from "./flights.ts";

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
  /** Absent where a fetch does not depend on who asks: then a failure is everybody's. */
  readonly anonymous?: AnonymousLoading<Place, Shared>;
}

/**
 * Fetches by the isolate itself, with nothing of any client in them. A client's own fetch shares
 * what it stores. Its failure, or a result that may not be shared, applies to that client alone:
 * the others wait for an anonymous fetch instead.
 */
export interface AnonymousLoading<Place, Shared extends SharedOutcome> {
  /** Does the outcome of a client's fetch apply to that client alone? */
  readonly isFault: (outcome: FlightOutcome<Shared>) => boolean;
  /** Has a client's fetch of this failed or stalled of late? Then no client leads. */
  readonly isDue: (place: Place) => boolean;
  /** Remembers that one has. */
  readonly require: (place: Place) => void;
  /** How long others wait for a client's fetch before an anonymous one starts beside it. */
  readonly startsAfterMs: (place: Place) => number;
  /** Starts one. It never rejects. */
  readonly start: (place: Place) => Flight<Shared>;
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
