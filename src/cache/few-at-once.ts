// Lets those who have waited together for what cannot be shared go to the origin a few at a time.
import { pause } from "../patience.ts";

/** At the origin at once, of one key and in one isolate. */
const openMax = 10;
const lookAgainMs = 40;
/** A request that was ended gives nothing back; after this long its place is free. */
const placeMsMax = 30_000;

export interface Entering {
  /** How long to wait for a place; then it is done without one. */
  readonly waitMs: number;
  readonly nowAtMs: () => number;
  readonly random: () => number;
}

/** Of one key: when each place was taken. */
type Places = Map<symbol, number>;

export class FewAtOnce {
  readonly #byKey = new Map<string, Places>();

  /** The keys that anybody has a place under. */
  get count(): number {
    return this.#byKey.size;
  }

  /**
   * Waits for a place by timers alone, so that nobody depends on another's request. Never rejects.
   *
   * @returns gives the place back
   */
  async enter(key: string, given: Entering): Promise<() => void> {
    const { waitMs, nowAtMs, random } = given;
    const sinceAtMs = nowAtMs();
    for (let pausedMs = 0; ;) {
      const leave = this.#take(key, nowAtMs());
      if (leave !== undefined) return leave;
      // A clock that was set back tells of no time.
      const leftMs = waitMs - Math.max(pausedMs, nowAtMs() - sinceAtMs);
      if (leftMs <= 0) return () => undefined;
      // Spread, so that those who began together do not look together.
      const nextMs = Math.min(leftMs, lookAgainMs * (0.5 + random()));
      await pause(nextMs);
      pausedMs += nextMs;
    }
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

/** One that was taken well in the future was taken before the clock was set back. */
function withoutOld(places: Places, atMs: number): void {
  for (const [place, takenAtMs] of places) {
    if (Math.abs(atMs - takenAtMs) >= placeMsMax) places.delete(place);
  }
}
