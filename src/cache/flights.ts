// Flights: one fetch per key and isolate. Others wait for plain data, never for another request's I/O.
import { isWithinMs } from "../base/elapsed.ts";
import { patiently } from "../base/patience.ts";

/** An outcome that the user of the cache adds: what was stored, or how it came that nothing was. */
export interface SharedOutcome {
  readonly kind: string;
  /** Stored whole: each of those who waited judges it like anything stored, under its own view. */
  readonly stored?: unknown;
}

/**
 * What a flight leaves to those who waited; `nothing-to-share`: each of them asks the source itself, a
 * few at a time.
 */
export type FlightOutcome<Shared extends SharedOutcome> =
  | Shared
  | { readonly kind: "nothing-to-share"; readonly stored?: undefined };

/** What somebody who waited has heard, and of which flight. */
export interface Heard<Shared extends SharedOutcome> {
  readonly flight: Flight<Shared>;
  readonly outcome: FlightOutcome<Shared>;
}

/** What a leader has for its own request. */
export interface Fetched<Result> {
  readonly answer: Result;
  /** Settles once all that came with the answer is stored. Never rejects. */
  readonly done: Promise<void>;
}

export interface StartPorts {
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** Starts work at once that may outlast the answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
}

/** A leader whose request was ended can tell nobody. After this long nobody counts on it. */
const flightMsMax = 30_000;

/** One fetch that is under way, as those see it who wait for it. */
export class Flight<Shared extends SharedOutcome> {
  readonly startedAtMs: number;
  /** If this one failed: the flight that all who waited for it wait for next, whenever they hear of it. */
  ledAnew: Flight<Shared> | undefined;
  readonly #settled = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #arrived = Promise.withResolvers<FlightOutcome<Shared>>();
  readonly #stalled = Promise.withResolvers<"stalled">();
  /** Set once, by `settle`. What is stored by it is so here, though perhaps not yet in every tier. */
  outcome: FlightOutcome<Shared> | undefined;
  #leadsSinceAtMs: number | undefined;

  /** @param startedAtMs epoch milliseconds */
  constructor(startedAtMs: number, { isAnonymous = false }: { isAnonymous?: boolean } = {}) {
    this.startedAtMs = startedAtMs;
    this.isAnonymous = isAnonymous;
  }

  /**
   * The isolate fetches for itself: no client's request has a part in what this brings. Other flights
   * are led by a client, whose request may have provoked their failure.
   */
  readonly isAnonymous: boolean;

  /** Settles once nothing is left to be stored. It never does if the leader's request was ended. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Its leader asks the source now; until then it waits for its turn in the world. */
  leads(atMs: number): void {
    this.#leadsSinceAtMs = atMs;
  }

  get isLeading(): boolean {
    return this.#leadsSinceAtMs !== undefined;
  }

  /** Has the source had less than half of the time that a follower has patience for? */
  hasJustBegun(atMs: number, patienceMs: number): boolean {
    const sinceAtMs = this.#leadsSinceAtMs;
    return sinceAtMs === undefined || isWithinMs(patienceMs / 2, sinceAtMs, atMs);
  }

  /** Tells those who wait. Only the first outcome counts. */
  settle(outcome: FlightOutcome<Shared>): void {
    this.outcome ??= outcome;
    this.#settled.resolve(this.outcome);
  }

  /** Lets those who wait have what has come so far. An outcome that is settled counts more. */
  arrive(outcome: Shared): void {
    this.#arrived.resolve(outcome);
  }

  /** Those who wait for a client's fetch need not wait any longer. */
  stall(): void {
    this.#stalled.resolve("stalled");
  }

  /** Nothing is left to be stored. Whoever still waits is told that there is nothing to share. */
  end(): void {
    this.settle({ kind: "nothing-to-share" });
    this.#ended.resolve();
  }

  /**
   * Waits until it is settled, or patience ends: the leader's request may end without a word.
   *
   * @param earlier flights for the same that were waited for in vain: one of them may end after all
   * @returns `abandoned` where the runtime has told that the leader's request was ended; `stalled`
   *   after `stall`. Never rejects.
   */
  async wait(
    patienceMs: number,
    earlier: readonly Flight<Shared>[] = [],
  ): Promise<Heard<Shared> | "out-of-patience" | "abandoned" | "stalled"> {
    if (this.outcome !== undefined) return { flight: this, outcome: this.outcome };
    const own = Promise.race([this.#settled.promise, this.#arrived.promise]).then((outcome) => ({
      flight: this,
      outcome,
    }));
    const coming = [own, this.#stalled.promise, ...earlier.map((flight) => flight.#brought())];
    return patiently(Promise.race(coming), patienceMs);
  }

  /** Settles with what was stored, and never where nothing was. */
  #brought(): Promise<Heard<Shared>> {
    return new Promise((resolve) => {
      const tell = (outcome: FlightOutcome<Shared>) => {
        if (outcome.stored !== undefined) resolve({ flight: this, outcome });
      };
      // Broken off with its leader's request, it brings nothing either.
      this.#settled.promise.then(tell, () => undefined);
    });
  }
}

/**
 * Is its leader still believed to be there?
 *
 * @param flight one that began well in the future began before the clock was set back
 */
export function isCountedOn({ startedAtMs }: { startedAtMs: number }, atMs: number): boolean {
  return isWithinMs(flightMsMax, startedAtMs, atMs);
}

/** The flights of one isolate, by the text of the key that they fill. */
export class Flights<Shared extends SharedOutcome> {
  readonly #byKey = new Map<string, Flight<Shared>>();

  get count(): number {
    return this.#byKey.size;
  }

  /** What `get` would give, without forgetting a flight whose leader must be dead. */
  peek(key: string, atMs: number): Flight<Shared> | undefined {
    const flight = this.#byKey.get(key);
    return flight !== undefined && isCountedOn(flight, atMs) ? flight : undefined;
  }

  /** @returns the flight under the key, unless its leader must be dead by `atMs` */
  get(key: string, atMs: number): Flight<Shared> | undefined {
    const flight = this.#byKey.get(key);
    if (flight === undefined || isCountedOn(flight, atMs)) return flight;
    this.#byKey.delete(key);
    return undefined;
  }

  /**
   * Begins a flight and starts its leader at once. A client that leaves ends neither. Each flight ends
   * here and nowhere else: when its leader has failed, or when all that it brought is stored.
   *
   * @param key  an older flight under it goes on for those who wait for it
   * @param lead settles the flight as soon as there is something to tell those who wait
   * @param kind `isAnonymous`: see `Flight`
   * @returns the flight, and the leader's own answer, which rejects if the leader does
   */
  start<Result>(
    key: string,
    lead: (flight: Flight<Shared>) => Promise<Fetched<Result>>,
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

  /** A map keeps the order of insertion, so the oldest come first. */
  #forgetOld(atMs: number): void {
    for (const [key, flight] of this.#byKey) {
      if (isCountedOn(flight, atMs)) return;
      this.#byKey.delete(key);
    }
  }

  /** Whoever waits for the flight may go on; nobody who comes from now on waits for it. */
  leave(key: string, flight: Flight<Shared>): void {
    if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
  }
}
