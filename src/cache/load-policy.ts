// The steps of a load that a user of the cache provides, and their results.
import type { FetchResult, Flight, FlightOutcome, SharedOutcome } from "./flights.ts";

/** The result of a leader's wait for the lease. */
export type LeaderTurn<Shared extends SharedOutcome, Result> =
  /** The leader fetches. */
  | { readonly kind: "lead" }
  /** The leader does not fetch. Followers receive the outcome; the leader's own answer may differ. */
  | (LoadResult<Shared, Result> & { readonly outcome: FlightOutcome<Shared> });

/** The next step after an outcome that cannot answer. */
export type Next<Place, Result> =
  /** The request needs a record under another key. */
  | { readonly kind: "elsewhere"; readonly place: Place }
  | { readonly kind: "answer"; readonly answer: Result }
  /** One of the followers leads next, and the other followers wait for it. */
  | { readonly kind: "again" }
  /** Like `again` after a random wait, but only once per request, and not at all if `isFinal`. */
  | { readonly kind: "failed"; readonly isFinal: boolean; readonly answer: () => Result }
  /** Each request fetches for itself. */
  | { readonly kind: "alone" };

/** A request's history of waits. `sinceAtMs` is the start of its load, in epoch milliseconds. */
export interface WaitHistory {
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
  readonly withoutFetch: (place: Place, waited: WaitHistory) => Promise<Result | undefined>;
  /**
   * Returns a record that was stored since the lookup. Synchronous, so that no other request can
   * start a flight first.
   */
  readonly storedSince: (place: Place) => LoadResult<Shared, Result> | undefined;
  /** Waits for the leader's lease. */
  takeTurn(place: Place, flight: Flight<Shared>): Promise<LeaderTurn<Shared, Result>>;
  /** Fetches, and settles the flight as soon as there is an outcome for followers. */
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
export interface AnonymousPolicy<Place, Shared extends SharedOutcome> {
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
