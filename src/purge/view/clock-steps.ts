// Detects when this isolate's clock was set back (rule 10). Instants that were recorded before a
// step prove nothing afterwards, because they appear recent once the clock reaches them again.

export class ClockSteps {
  readonly #allowanceMs: number;
  #latestAtMs = -Infinity;
  #doubtUpToMs = -Infinity;
  #count = 0;

  /** @param allowanceMs the allowance A. Smaller steps back are normal between readings */
  constructor(allowanceMs: number) {
    this.#allowanceMs = allowanceMs;
  }

  /** The number of detected steps back. */
  get count(): number {
    return this.#count;
  }

  /**
   * Records a reading. Returns whether the clock was set back by more than A since an earlier
   * reading.
   */
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

  /** Records an instant that a clock of this colo has shown. */
  note(instantMs: number): void {
    if (instantMs > this.#latestAtMs) this.#latestAtMs = instantMs;
  }

  /** Returns whether an instant may have been recorded before a step. */
  isInDoubt(instantMs: number): boolean {
    return instantMs <= this.#doubtUpToMs;
  }
}
