// Lets those who have waited together for what cannot be shared go to the source a few at a time.
import { isWithinMs } from "../base/elapsed.ts";
import { tryUntil } from "../base/patience.ts";

/** At the source at once, of one key and in one isolate. */
const openMax = 10;
const lookAgainMs = 40;
/** A slow origin, and clients who make their own requests hang, hold up the others for no longer. */
const placeMsMax = 250;

/** Of one key: when each place was taken. */
type Places = Map<symbol, number>;

/** The places at the source, by key. */
export class FewAtOnce {
  readonly #byKey = new Map<string, Places>();

  /** The keys that anybody has a place under. */
  get count(): number {
    return this.#byKey.size;
  }

  /**
   * Waits for a place by timers alone, so that nobody depends on another's request. Never rejects.
   *
   * @param by.waitMs how long; then the request goes without a place. 0 and less: not at all
   * @returns gives the place back
   */
  async enter(
    key: string,
    by: { waitMs: number; nowAtMs: () => number; random: () => number },
  ): Promise<() => void> {
    // Spread, so that those who began together do not look together.
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

  /** A map keeps the order of insertion, so keys whose last place is the oldest come first. */
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
