// Notices that this isolate's clock was set back. What was noted before the step tells no age: it
// lies ahead at first, and looks young again once the clock has caught up with it.

export class ClockSteps {
  readonly #allowanceMs: number;
  #latestAtMs = -Infinity;
  #doubtUpToMs = -Infinity;
  #count = 0;

  /** @param allowanceMs A: by so much readings may be behind each other */
  constructor(allowanceMs: number) {
    this.#allowanceMs = allowanceMs;
  }

  /** How often the clock was set back. */
  get count(): number {
    return this.#count;
  }

  /** @returns whether the clock was set back since it was last read, by more than A */
  isSetBackAt(atMs: number): boolean {
    if (atMs >= this.#latestAtMs - this.#allowanceMs) {
      this.note(atMs);
      return false;
    }
    this.#count += 1;
    this.#doubtUpToMs = Math.max(this.#doubtUpToMs, this.#latestAtMs);
    this.#latestAtMs = atMs;
    return true;
  }

  /** An instant that a clock of this colo has shown. */
  note(instantMs: number): void {
    if (instantMs > this.#latestAtMs) this.#latestAtMs = instantMs;
  }

  /** May that instant have been noted before a step? */
  isInDoubt(instantMs: number): boolean {
    return instantMs <= this.#doubtUpToMs;
  }
}
