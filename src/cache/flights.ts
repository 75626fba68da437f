// Flights: one fetch per key and isolate. Other calls wait for plain data, and never for another request's I/O.
import { isWithinMs } from "../base/elapsed.ts";
import { patiently } from "../base/timeouts.ts";

/**
 * The outcome of a fetch, which the user of the cache defines: a stored record, or the reason why there is
 * none.
 */
export interface SharedOutcome {
  readonly kind: string;
  /** A complete record. Each waiting call judges it like any stored record, by its own view. */
  readonly stored?: unknown;
}

/**
 * The outcome that waiting calls receive. `nothing-to-share`: they wait for an anonymous
 * fetch, or each fetches for itself under a concurrency limit.
 */
export type FlightOutcome<Shared extends SharedOutcome> =
  | Shared
  | {
      readonly kind: "nothing-to-share";
      readonly stored?: undefined;
      /**
       * `all`: for every client, so that no anonymous fetch is started. `probably-all`: by the source's own word, so
       * that they fetch for themselves while an anonymous fetch confirms it. Default: perhaps for one client.
       */
      readonly holdsFor?: "all" | "probably-all" | undefined;
    };

/** An outcome, and the flight that it is from. */
export interface FlightResult<Shared extends SharedOutcome> {
  readonly flight: Flight<Shared>;
  readonly outcome: FlightOutcome<Shared>;
}

/** The leader's result for its own request. */
export interface FetchResult<Result> {
  readonly answer: Result;
  /** Settles when all writes have ended. Never rejects. */
  readonly done: Promise<unknown>;
}

export interface StartPorts {
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Starts work at once. The work may continue after the response is sent. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/**
 * The default of `msMax`. A leader whose request was ended cannot report the end, so a flight is
 * treated as dead after this time.
 */
const usualMsMax = 30_000;

/** The kind of a flight. */
export interface FlightKind {
  /** See `Flight.isAnonymous`. */
  readonly isAnonymous?: boolean;
  /** The maximum duration of the fetch. The default and minimum is 30 s. */
  readonly msMax?: number;
}

/** One fetch in progress, as the calls that wait for it see it. */
export class Flight<Shared extends SharedOutcome> {
  readonly startedAtMs: number;
  /** The time after which the flight is treated as dead. */
  readonly msMax: number;
  /**
   * The flight that replaces this flight after a failure. All calls of this flight then wait for the
   * replacement.
   */
  replacement: Flight<Shared> | undefined;
  readonly #settled = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #arrived = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #stalled = Promise.withResolvers<"stalled">();
  /**
   * The outcome, which `settle` sets once. If it is a record, the record is complete, but possibly
   * not yet in every tier.
   */
  outcome: FlightOutcome<Shared> | undefined;
  /** The record whose body was still arriving when `arrive` was called. */
  arrived: Shared | undefined;
  /** Whether a request has waited for this flight. */
  isAwaited = false;
  #hasStalled = false;
  #leadsSinceAtMs: number | undefined;

  /** @param startedAtMs epoch milliseconds */
  constructor(startedAtMs: number, { isAnonymous = false, msMax = 0 }: FlightKind = {}) {
    this.startedAtMs = startedAtMs;
    this.msMax = Math.max(usualMsMax, msMax);
    this.isAnonymous = isAnonymous;
  }

  /**
   * Whether the isolate fetches without a client's fields. Otherwise, the flight may fail because of the
   * client's request.
   */
  readonly isAnonymous: boolean;

  /** Settles after all stores, or if the leader fails. Never settles if the leader's request was ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Records that the leader now fetches, and no longer waits for the lock. */
  leads(atMs: number): void {
    this.#leadsSinceAtMs = atMs;
  }

  get isLeading(): boolean {
    return this.#leadsSinceAtMs !== undefined;
  }

  /** Returns whether the fetch began less than half a wait timeout ago, or has not begun. */
  hasJustBegun(atMs: number, waitTimeoutMs: number): boolean {
    const sinceAtMs = this.#leadsSinceAtMs;
    return sinceAtMs === undefined || isWithinMs(waitTimeoutMs / 2, sinceAtMs, atMs);
  }

  /** Reports the outcome to waiting calls. Later calls have no effect. */
  settle(outcome: FlightOutcome<Shared>): void {
    this.outcome ??= outcome;
    this.#settled.resolve(this.outcome);
  }

  /** Reports to waiting calls a record whose body is still arriving, unless the flight is settled. */
  arrive(outcome: Shared): void {
    this.arrived ??= outcome;
    this.#arrived.resolve(outcome);
  }

  /** Returns whether waiting calls fetch anonymously instead. */
  get isReplaced(): boolean {
    return this.#hasStalled && this.isAwaited;
  }

  /** Signals waiting calls that a client's fetch is too slow to wait for. */
  stall(): void {
    this.#hasStalled = true;
    this.#stalled.resolve("stalled");
  }

  /** Ends the flight. Remaining calls receive `nothing-to-share`. */
  end(): void {
    this.settle({ kind: "nothing-to-share" });
    this.#ended.resolve();
  }

  /**
   * Waits for the outcome or the timeout, because the leader's request may end without an outcome. Never
   * rejects.
   *
   * @param earlier flights for the same key that timed out and may still end
   * @returns `abandoned` if the runtime reports that the leader's request was ended; `stalled` after `stall`
   */
  async wait(
    waitTimeoutMs: number,
    earlier: readonly Flight<Shared>[] = [],
  ): Promise<FlightResult<Shared> | "timed-out" | "abandoned" | "stalled"> {
    if (this.outcome !== undefined) return { flight: this, outcome: this.outcome };
    this.isAwaited = true;
    const own = Promise.race([this.#settled.promise, this.#arrived.promise]).then((outcome) => ({
      flight: this,
      outcome,
    }));
    const coming = [own, this.#stalled.promise, ...earlier.map((flight) => flight.#brought())];
    return patiently(Promise.race(coming), waitTimeoutMs);
  }

  /** Returns a promise of the stored record, which never settles without such a record. */
  #brought(): Promise<FlightResult<Shared>> {
    return new Promise((resolve) => {
      const tell = (outcome: FlightOutcome<Shared>) => {
        if (outcome.stored !== undefined) resolve({ flight: this, outcome });
      };
      // A flight whose leader's request was ended stores nothing.
      this.#settled.promise.then(tell, () => undefined);
    });
  }
}

/**
 * Returns whether the leader may still be alive.
 *
 * @param flight a start far in the future means that the clock was set back: the leader counts as dead
 */
function isCountedOn(
  { startedAtMs, msMax }: { readonly startedAtMs: number; readonly msMax: number },
  atMs: number,
): boolean {
  return isWithinMs(msMax, startedAtMs, atMs);
}

/** Fewer flights take too little memory to look for dead ones. */
const sweepCountMin = 64;

/** The flights of an isolate, by the text of their key. */
export class Flights<Shared extends SharedOutcome> {
  readonly #byKey = new Map<string, Flight<Shared>>();
  /** The number of flights, and the time, at which `start` removes dead ones. */
  #sweepAtCount = sweepCountMin;
  #sweepAtMs = -Infinity;

  /** Counts the flights whose leaders may still be alive. */
  countAt(atMs: number): number {
    this.#forgetOld(atMs);
    return this.#byKey.size;
  }

  /** Returns the flight of a key; `undefined` if its leader is treated as dead at `atMs`. */
  get(key: string, atMs: number): Flight<Shared> | undefined {
    const flight = this.#byKey.get(key);
    if (flight === undefined || isCountedOn(flight, atMs)) return flight;
    this.#byKey.delete(key);
    return undefined;
  }

  /**
   * Starts a flight and its leader, which continue if the client disconnects. Only this function ends the
   * flight: when its leader fails, or when everything is stored.
   *
   * @param key the key; an older flight of this key continues for the calls that wait for it
   * @param lead fetches, and settles the flight as soon as there is an outcome for waiting calls
   * @returns the flight, and the leader's own answer, which rejects if the leader fails
   */
  start<Result>(
    key: string,
    lead: (flight: Flight<Shared>) => Promise<FetchResult<Result>>,
    { nowAtMs, afterAnswer }: StartPorts,
    kind: FlightKind = {},
  ): { flight: Flight<Shared>; answer: Promise<Result> } {
    const flight = new Flight<Shared>(nowAtMs(), kind);
    const isDue = this.#byKey.size >= this.#sweepAtCount || flight.startedAtMs >= this.#sweepAtMs;
    if (isDue) this.#forgetOld(flight.startedAtMs);
    this.#byKey.delete(key);
    this.#byKey.set(key, flight);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    afterAnswer(async () => {
      try {
        const { answer, done } = await lead(flight);
        resolve(answer);
        await done;
      } catch (cause) {
        reject(cause);
      } finally {
        flight.end();
        this.leave(key, flight);
      }
    });
    return { flight, answer: promise };
  }

  /** Removes dead flights. A start costs constant time on average, because the limit doubles. */
  #forgetOld(atMs: number): void {
    for (const [key, flight] of this.#byKey) {
      if (!isCountedOn(flight, atMs)) this.#byKey.delete(key);
    }
    this.#sweepAtCount = Math.max(sweepCountMin, 2 * this.#byKey.size);
    this.#sweepAtMs = atMs + usualMsMax;
  }

  /** Removes a flight, so that new requests do not wait for it. */
  leave(key: string, flight: Flight<Shared>): void {
    if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
  }
}
