// The steps of a load that a user of the cache provides, and their results.
import type { FetchResult, Flight, FlightOutcome, SharedOutcome } from "./flights.ts";

/** The result of a leader's turn in the world. */
export type LeaderTurn<Shared extends SharedOutcome, Result> =
  /** The leader fetches. */
  | { readonly kind: "lead" }
  /** The leader does not fetch. Followers receive the outcome; the leader's own answer may differ. */
  | (LoadResult<Shared, Result> & { readonly outcome: FlightOutcome<Shared> });

/** The next step after an outcome that does not answer. */
export type Next<Place, Result> =
  /** The request now needs something else, under another key. */
  | { readonly kind: "elsewhere"; readonly place: Place }
  | { readonly kind: "answer"; readonly answer: Result }
  /** One of the followers leads for the others. */
  | { readonly kind: "again" }
  /** Like `again`, after a random wait and only a few times; not at all if `isFinal`. */
  | { readonly kind: "failed"; readonly isFinal: boolean; readonly answer: () => Result }
  /** Each request fetches for itself. */
  | { readonly kind: "alone" };

/** The waits of a request so far. `sinceAtMs`: when its load began; epoch milliseconds. */
export interface WaitHistory {
  readonly hasWaited: boolean;
  readonly sinceAtMs: number;
}

/**
 * How to load something.
 *
 * @typeParam Place the request, with what its user knows about it
 */
export interface LoadPolicy<Place, Shared extends SharedOutcome, Result> {
  /** Requests with the same key collapse. */
  readonly keyOf: (place: Place) => string;
  /** The wait timeout for another's fetch. */
  readonly waitTimeoutMsOf: (place: Place) => number;
  /** Returns whether several requests may share the result. */
  readonly mayShare: (place: Place) => boolean;
  /** Runs before each attempt. Returns an answer that needs no fetch. */
  readonly withoutFetch: (place: Place, waited: WaitHistory) => Promise<Result | undefined>;
  /**
   * Returns what was stored since the look-up. Synchronous, so that no other request can start a flight
   * first.
   */
  readonly storedSince: (place: Place) => LoadResult<Shared, Result> | undefined;
  /** Waits for the leader's turn in the world. */
  takeTurn(place: Place, flight: Flight<Shared>): Promise<LeaderTurn<Shared, Result>>;
  /** Asks the source, and settles the flight as soon as it has an outcome for followers. */
  readonly fetch: (place: Place, flight: Flight<Shared>) => Promise<FetchResult<Result>>;
  /** @returns `undefined` if the outcome of another's flight does not answer */
  readonly accepts: (outcome: FlightOutcome<Shared>, place: Place) => Promise<Result | undefined>;
  /** Returns the next step after an outcome that was not accepted. */
  readonly next: (
    outcome: FlightOutcome<Shared>,
    place: Place,
  ) => Next<Place, Result> | Promise<Next<Place, Result>>;
  /** Returns an answer for a request whose wait timed out. */
  readonly onTimeout: (place: Place) => Promise<Result | undefined>;
  /** Fetches for one request alone, because nothing can be shared. */
  readonly alone: (place: Place, waited: WaitHistory) => Promise<Result>;
  /** Answers a request that has waited for too many fetches, so its own would do no better. */
  readonly tooLate: (place: Place) => Promise<Result>;
  /** Absent if a fetch does not depend on the client: its failure then applies to all. */
  readonly anonymous?: AnonymousPolicy<Place, Shared>;
}

/**
 * Anonymous fetches, which the isolate makes without anything of a client. A client's own fetch shares what
 * it stores. Its failure or private result applies to that client alone; the others wait for an anonymous
 * fetch.
 */
export interface AnonymousPolicy<Place, Shared extends SharedOutcome> {
  /** Returns whether the outcome of a client's fetch applies to that client alone. */
  readonly isFault: (outcome: FlightOutcome<Shared>) => boolean;
  /** Returns whether a client's fetch recently failed or stalled. Then no client leads. */
  readonly isDue: (place: Place) => boolean;
  /** Remembers that a client's fetch failed or stalled. */
  readonly require: (place: Place) => void;
  /** How long others wait for a client's fetch before an anonymous one starts beside it. */
  readonly startsAfterMs: (place: Place) => number;
  /** Starts an anonymous fetch. Never rejects. */
  readonly start: (place: Place) => Flight<Shared>;
}

/** The result of an attempt for one request. */
export type LoadResult<Shared extends SharedOutcome, Result> =
  | { readonly kind: "answer"; readonly answer: Result }
  | { readonly kind: "outcome"; readonly outcome: FlightOutcome<Shared> };
