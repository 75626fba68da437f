// One forward per key and isolate: others wait for plain data, never for another request's I/O.
import { retryAfterSeconds } from "../http/retry-after.ts";
import type { StoredResponse } from "../proxy/stored/stored-response.ts";
import { patiently } from "../patience.ts";
import type { VaryMarker } from "./tiers/tier.ts";
import type { OriginFailure } from "../proxy/fetch/forward.ts";

/** What a flight leaves to those who waited. */
export type FlightOutcome =
  /** Stored whole: each follower judges it like any stored response, under its own view. */
  | { kind: "stored"; stored: StoredResponse }
  /** Nothing that may be shared: each goes to the origin itself, a few at a time. */
  | { kind: "nothing-to-share" }
  /** Variants are stored under keys of their own by now: each looks for its own. */
  | { kind: "varies"; marker: VaryMarker }
  | ({ kind: "origin-failed" } & FailedForward);

/** How a forward failed; of an error's answer, what may be told to others than its client. */
export interface FailedForward {
  readonly failure: OriginFailure;
  readonly status?: number;
  readonly retryAfterSeconds?: number | undefined;
}

/** @param response an error of the server, which is not stored */
export function failedWith({ status, headers }: Response, atMs: number): FlightOutcome {
  const seconds = retryAfterSeconds(headers.get("retry-after"), atMs);
  return { kind: "origin-failed", failure: "error-status", status, retryAfterSeconds: seconds };
}

/** What an earlier flight has brought after all. */
export interface Late {
  readonly kind: "late";
  readonly flight: Flight;
  readonly outcome: FlightOutcome;
}

/** A leader whose request was ended can tell nobody; after this long nobody counts on it. */
const flightMsMax = 30_000;

export class Flight {
  readonly startedAtMs: number;
  /** Of one that failed: what all who waited for it wait for next, whenever they hear of it. */
  ledAnew: Flight | undefined;
  readonly #settled = Promise.withResolvers<FlightOutcome>();
  readonly #ended = Promise.withResolvers<void>();
  #outcome: FlightOutcome | undefined;
  #leadsSinceAtMs: number | undefined;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }

  /** Already stored here, though perhaps not yet in every tier. */
  get stored(): StoredResponse | undefined {
    return this.#outcome?.kind === "stored" ? this.#outcome.stored : undefined;
  }

  /** Settles once nothing is left to be stored. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get outcome(): FlightOutcome | undefined {
    return this.#outcome;
  }

  /** Its leader goes to the origin now; until then it waits for its own turn in the world. */
  leads(atMs: number): void {
    this.#leadsSinceAtMs = atMs;
  }

  /** Has the origin had little of the time that a follower has patience for? */
  hasJustBegun(atMs: number, patienceMs: number): boolean {
    const sinceAtMs = this.#leadsSinceAtMs;
    return sinceAtMs === undefined || Math.abs(atMs - sinceAtMs) < patienceMs / 2;
  }

  /** Only the first outcome counts. */
  settle(outcome: FlightOutcome): void {
    this.#outcome ??= outcome;
    this.#settled.resolve(this.#outcome);
  }

  end(): void {
    this.settle({ kind: "nothing-to-share" });
    this.#ended.resolve();
  }

  /**
   * Until it is settled, or patience ends: the leader's request may end without a word.
   *
   * @param earlier flights for the same that were waited for in vain: one of them may end after all
   */
  async wait(
    patienceMs: number,
    earlier: readonly Flight[] = [],
  ): Promise<FlightOutcome | Late | "out-of-patience" | "abandoned"> {
    if (this.#outcome !== undefined) return this.#outcome;
    const coming = [this.#settled.promise, ...earlier.map((flight) => flight.#brought())];
    return patiently(Promise.race(coming), patienceMs);
  }

  /** Settles with what was stored, and never where nothing was. */
  #brought(): Promise<Late> {
    return new Promise((resolve) => {
      const tell = (outcome: FlightOutcome) => {
        if (outcome.kind === "stored") resolve({ kind: "late", flight: this, outcome });
      };
      // Broken off with its leader's request, it brings nothing either.
      this.#settled.promise.then(tell, () => undefined);
    });
  }
}

/** One that began well in the future began before the clock was set back, nobody knows when. */
export function isCountedOn({ startedAtMs }: Flight, atMs: number): boolean {
  return Math.abs(atMs - startedAtMs) < flightMsMax;
}

/** The flights of one isolate, by the text of the key that they fill. */
export class Flights {
  readonly #byKey = new Map<string, Flight>();

  get count(): number {
    return this.#byKey.size;
  }

  get(key: string, atMs: number): Flight | undefined {
    const flight = this.#byKey.get(key);
    if (flight === undefined || isCountedOn(flight, atMs)) return flight;
    this.#byKey.delete(key);
    return undefined;
  }

  begin(key: string, atMs: number): Flight {
    this.#forgetOld(atMs);
    const flight = new Flight(atMs);
    this.#byKey.delete(key);
    this.#byKey.set(key, flight);
    return flight;
  }

  /** A map keeps the order of insertion, so the oldest come first. */
  #forgetOld(atMs: number): void {
    for (const [key, flight] of this.#byKey) {
      if (isCountedOn(flight, atMs)) return;
      this.#byKey.delete(key);
    }
  }

  /** Whoever still waits for it may go on; nobody who comes now does. */
  leave(key: string, flight: Flight): void {
    if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
  }

  /** To be called once its stores are done; a newer flight under the same key stays. */
  end(key: string, flight: Flight): void {
    flight.end();
    this.leave(key, flight);
  }
}
