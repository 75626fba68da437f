// Random choices from a seed. The same seed gives the same choices, although the timing of workerd
// and Redis differs between runs.

/** Returns a generator of random numbers from 0 to below 1 (mulberry32). */
export function drawsFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class Draws {
  readonly #draw: () => number;

  constructor(seed: number) {
    this.#draw = drawsFrom(seed);
  }

  /**
   * Returns a separate generator, so that one actor's pace does not change the draws of another.
   */
  fork(): Draws {
    return new Draws(Math.floor(this.#draw() * 4_294_967_296));
  }

  isLucky(share: number): boolean {
    return this.#draw() < share;
  }

  between(min: number, max: number): number {
    return min + this.#draw() * (max - min);
  }

  oneOf<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.#draw() * choices.length)];
    if (chosen === undefined) throw new Error("There is nothing to choose from.");
    return chosen;
  }

  shuffled<T>(items: readonly T[]): T[] {
    const placed = items.map((item) => ({ item, place: this.#draw() }));
    return placed.sort((a, b) => a.place - b.place).map(({ item }) => item);
  }
}
