// Flights: one fetch per key and isolate. Followers wait for plain data, never for another request's I/O.
import { isWithinMs } from "../base/elapsed.ts";
import { patiently } from "../base/timeouts.ts";

/** An outcome defined by the user of the cache: a stored record, or the reason why there is none. */
export interface SharedOutcome {
  readonly kind: string;
  /** A complete record. Each follower judges it like any stored record, under its own view. */
  readonly stored?: unknown;
}

/**
 * The outcome that followers receive. `nothing-to-share`: each follower asks the source itself, under a
 * concurrency limit.
 */
export type FlightOutcome<Shared extends SharedOutcome> =
  | Shared
  | { readonly kind: "nothing-to-share"; readonly stored?: undefined };

/** An outcome, and the flight that it came from. */
export interface FlightResult<Shared extends SharedOutcome> {
  readonly flight: Flight<Shared>;
  readonly outcome: FlightOutcome<Shared>;
}

/** The leader's result for its own request. */
export interface FetchResult<Result> {
  readonly answer: Result;
  /** Settles when everything is stored. Never rejects. */
  readonly done: Promise<void>;
}

export interface StartPorts {
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Starts work at once that may outlast the answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A leader whose request was ended cannot report it. After this time, the flight counts as dead. */
const flightMsMax = 30_000;

/** One fetch in progress, as its followers see it. */
export class Flight<Shared extends SharedOutcome> {
  readonly startedAtMs: number;
  /** The flight that replaces this one after a failure. All its followers wait for that next. */
  replacement: Flight<Shared> | undefined;
  readonly #settled = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #arrived = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #stalled = Promise.withResolvers<"stalled">();
  /** Set once, by `settle`. The record is stored in this isolate, though perhaps not yet in every tier. */
  outcome: FlightOutcome<Shared> | undefined;
  #leadsSinceAtMs: number | undefined;

  /** @param startedAtMs epoch milliseconds */
  constructor(startedAtMs: number, { isAnonymous = false }: { isAnonymous?: boolean } = {}) {
    this.startedAtMs = startedAtMs;
    this.isAnonymous = isAnonymous;
  }

  /**
   * The isolate fetches for itself, without anything of a client. A client-led flight may fail because of
   * that client's request.
   */
  readonly isAnonymous: boolean;

  /** Settles when everything is stored. Never settles if the leader's request was ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Marks that the leader now asks the source. Before that, it waits for its turn in the world. */
  leads(atMs: number): void {
    this.#leadsSinceAtMs = atMs;
  }

  get isLeading(): boolean {
    return this.#leadsSinceAtMs !== undefined;
  }

  /** Returns whether the source has had less than half of the wait timeout. */
  hasJustBegun(atMs: number, waitTimeoutMs: number): boolean {
    const sinceAtMs = this.#leadsSinceAtMs;
    return sinceAtMs === undefined || isWithinMs(waitTimeoutMs / 2, sinceAtMs, atMs);
  }

  /** Reports the outcome to followers. Only the first call counts. */
  settle(outcome: FlightOutcome<Shared>): void {
    this.outcome ??= outcome;
    this.#settled.resolve(this.outcome);
  }

  /** Gives followers the part that has arrived. A settled outcome takes precedence. */
  arrive(outcome: Shared): void {
    this.#arrived.resolve(outcome);
  }

  /** Tells followers to stop waiting for a client's fetch. */
  stall(): void {
    this.#stalled.resolve("stalled");
  }

  /** Ends the flight. Remaining followers receive `nothing-to-share`. */
  end(): void {
    this.settle({ kind: "nothing-to-share" });
    this.#ended.resolve();
  }

  /**
   * Waits for the outcome or the timeout: the leader's request may end without one. Never rejects.
   *
   * @param earlier flights for the same key that timed out; one of them may still end
   * @returns `abandoned` if the runtime reports that the leader's request was ended; `stalled` after
   *   `stall`
   */
  async wait(
    waitTimeoutMs: number,
    earlier: readonly Flight<Shared>[] = [],
  ): Promise<FlightResult<Shared> | "timed-out" | "abandoned" | "stalled"> {
    if (this.outcome !== undefined) return { flight: this, outcome: this.outcome };
    const own = Promise.race([this.#settled.promise, this.#arrived.promise]).then((outcome) => ({
      flight: this,
      outcome,
    }));
    const coming = [own, this.#stalled.promise, ...earlier.map((flight) => flight.#brought())];
    return patiently(Promise.race(coming), waitTimeoutMs);
  }

  /** Settles with the stored record; never settles if there is none. */
  #brought(): Promise<FlightResult<Shared>> {
    return new Promise((resolve) => {
      const tell = (outcome: FlightOutcome<Shared>) => {
        if (outcome.stored !== undefined) resolve({ flight: this, outcome });
      };
      // A flight that was cut off with its leader's request stores nothing.
      this.#settled.promise.then(tell, () => undefined);
    });
  }
}

/**
 * Returns whether the leader may still be alive.
 *
 * @param flight if its start is well in the future, the clock was set back and it is old
 */
export function isCountedOn({ startedAtMs }: { startedAtMs: number }, atMs: number): boolean {
  return isWithinMs(flightMsMax, startedAtMs, atMs);
}

/** The flights of an isolate, by the text of their key. */
export class Flights<Shared extends SharedOutcome> {
  readonly #byKey = new Map<string, Flight<Shared>>();

  get count(): number {
    return this.#byKey.size;
  }

  /** `get` without removing a dead flight. */
  peek(key: string, atMs: number): Flight<Shared> | undefined {
    const flight = this.#byKey.get(key);
    return flight !== undefined && isCountedOn(flight, atMs) ? flight : undefined;
  }

  /** @returns the flight under the key, unless its leader counts as dead at `atMs` */
  get(key: string, atMs: number): Flight<Shared> | undefined {
    const flight = this.#byKey.get(key);
    if (flight === undefined || isCountedOn(flight, atMs)) return flight;
    this.#byKey.delete(key);
    return undefined;
  }

  /**
   * Starts a flight and its leader. A client that disconnects ends neither. The flight ends only here: when
   * its leader fails, or when everything is stored.
   *
   * @param key  an older flight under it continues for its followers
   * @param lead settles the flight as soon as it has an outcome for followers
   * @param kind `isAnonymous`: see `Flight`
   * @returns the flight, and the leader's own answer, which rejects if the leader does
   */
  start<Result>(
    key: string,
    lead: (flight: Flight<Shared>) => Promise<FetchResult<Result>>,
    { nowAtMs, afterAnswer }: StartPorts,
    kind: { isAnonymous?: boolean } = {},
  ): { flight: Flight<Shared>; answer: Promise<Result> } {
    const flight = new Flight<Shared>(nowAtMs(), kind);
    this.#forgetOld(flight.startedAtMs);
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

  /** Removes dead flights. The map keeps insertion order, so the oldest come first. */
  #forgetOld(atMs: number): void {
    for (const [key, flight] of this.#byKey) {
      if (isCountedOn(flight, atMs)) return;
      this.#byKey.delete(key);
    }
  }

  /** Removes a flight, so that new requests do not wait for it. */
  leave(key: string, flight: Flight<Shared>): void {
    if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
  }
}
