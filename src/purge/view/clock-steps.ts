// Detects that this isolate's clock was set back (rule 10). Instants noted before the step prove no age:
// once the clock has caught up with them, they look recent again.

export class ClockSteps {
  readonly #allowanceMs: number;
  #latestAtMs = -Infinity;
  #doubtUpToMs = -Infinity;
  #count = 0;

  /** @param allowanceMs A: smaller steps back are normal between readings */
  constructor(allowanceMs: number) {
    this.#allowanceMs = allowanceMs;
  }

  /** How many times the clock was set back. */
  get count(): number {
    return this.#count;
  }

  /** Returns whether the clock was set back by more than A since the last reading. */
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

  /** Records an instant that some clock of this colo has shown. */
  note(instantMs: number): void {
    if (instantMs > this.#latestAtMs) this.#latestAtMs = instantMs;
  }

  /** Returns whether that instant may have been noted before a step. */
  isInDoubt(instantMs: number): boolean {
    return instantMs <= this.#doubtUpToMs;
  }
}
