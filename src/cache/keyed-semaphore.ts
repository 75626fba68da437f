// Concurrency limit for requests that waited together for a response that cannot be shared.
import { isWithinMs } from "../base/elapsed.ts";
import { tryUntil } from "../base/timeouts.ts";

/** Limit per key and isolate. */
const openMax = 10;
const lookAgainMs = 40;
/** After this time a place is free again, so that a slow origin or hanging requests do not block others. */
const placeMsMax = 250;

/** The time at which each place of a key was taken. */
type Places = Map<symbol, number>;

/** The places at the source, by key. */
export class KeyedSemaphore {
  readonly #byKey = new Map<string, Places>();

  /** The number of keys with a taken place. */
  get count(): number {
    return this.#byKey.size;
  }

  /**
   * Waits for a place by timers only, so that no request depends on another's I/O. Never rejects.
   *
   * @param by.waitMs wait timeout, after which the request goes without a place; 0 and less: no wait
   * @returns releases the place
   */
  async enter(
    key: string,
    by: { waitMs: number; nowAtMs: () => number; random: () => number },
  ): Promise<() => void> {
    // Jitter, so that requests that start together do not poll together.
    const pauseMs = () => lookAgainMs * (0.5 + by.random());
    const take = () => this.#take(key, by.nowAtMs());
    return (await tryUntil(take, { ...by, pauseMs })) ?? (() => undefined);
  }

  #take(key: string, atMs: number): (() => void) | undefined {
    this.#forgetOld(atMs);
    const places: Places = this.#byKey.get(key) ?? new Map<symbol, number>();
    withoutOld(places, atMs);
    if (places.size >= openMax) return undefined;
    const place = Symbol();
    this.#byKey.delete(key);
    this.#byKey.set(key, places.set(place, atMs));
    return () => {
      places.delete(place);
      if (places.size === 0 && this.#byKey.get(key) === places) this.#byKey.delete(key);
    };
  }

  /** Removes keys whose last place has expired. The map keeps insertion order, so the oldest come first. */
  #forgetOld(atMs: number): void {
    for (const [key, places] of this.#byKey) {
      withoutOld(places, atMs);
      if (places.size > 0) return;
      this.#byKey.delete(key);
    }
  }
}

function withoutOld(places: Places, atMs: number): void {
  for (const [place, takenAtMs] of places) {
    if (!isWithinMs(placeMsMax, takenAtMs, atMs)) places.delete(place);
  }
}
