// Limits the concurrency of requests that waited for the same response, if that response cannot be
// shared.
import { isWithinMs } from "../base/elapsed.ts";
import { tryUntil } from "../base/timeouts.ts";

const lookAgainMs = 40;

/** The instants at which the places of a key were taken. */
type Places = Map<symbol, number>;

/** The places by key. */
export class KeyedSemaphore {
  readonly #limits: { readonly openMax: number; readonly placeMsMax: number };
  readonly #byKey = new Map<string, Places>();

  /**
   * @param limits.openMax the limit per key and isolate
   * @param limits.placeMsMax the time after which a place is free again, so that a slow origin or
   *   hanging requests do not block others
   */
  constructor({ openMax = 10, placeMsMax = 250 } = {}) {
    this.#limits = { openMax, placeMsMax };
  }

  /** The number of keys with a taken place. */
  get count(): number {
    return this.#byKey.size;
  }

  /**
   * Waits for a place with timers only, so that no request depends on another request's I/O. Never
   * rejects.
   *
   * @param by.waitMs the wait timeout, after which the request continues without a place; 0 or less
   *   means no wait
   * @returns a function that releases the place
   */
  async enter(
    key: string,
    by: { waitMs: number; nowAtMs: () => number; random: () => number },
  ): Promise<() => void> {
    // Jitter prevents requests that start together from polling together.
    const pauseMs = () => lookAgainMs * (0.5 + by.random());
    const take = () => this.take(key, by.nowAtMs());
    return (await tryUntil(take, { ...by, pauseMs })) ?? (() => undefined);
  }

  /** Returns a function that releases the place; `undefined` if no place is free. */
  take(key: string, atMs: number): (() => void) | undefined {
    this.#forgetOld(atMs);
    const places: Places = this.#byKey.get(key) ?? new Map<symbol, number>();
    this.#forgetOldOf(places, atMs);
    if (places.size >= this.#limits.openMax) return undefined;
    const place = Symbol();
    this.#byKey.delete(key);
    this.#byKey.set(key, places.set(place, atMs));
    return () => {
      places.delete(place);
      if (places.size === 0 && this.#byKey.get(key) === places) this.#byKey.delete(key);
    };
  }

  /**
   * Removes keys whose places have expired. The map has insertion order, so the oldest keys are
   * first.
   */
  #forgetOld(atMs: number): void {
    for (const [key, places] of this.#byKey) {
      this.#forgetOldOf(places, atMs);
      if (places.size > 0) return;
      this.#byKey.delete(key);
    }
  }

  #forgetOldOf(places: Places, atMs: number): void {
    for (const [place, takenAtMs] of places) {
      if (!isWithinMs(this.#limits.placeMsMax, takenAtMs, atMs)) places.delete(place);
    }
  }
}
