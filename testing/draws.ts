// Random choices from a seed. The same seed gives the same choices, although the timing of workerd
// and Redis differs between runs.
import { drawsFrom } from "./simulation/journal-simulator.ts";

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
