// Detects when this isolate's clock was set back (rule 10). Instants that were recorded before a
// step prove nothing afterwards, because they appear recent once the clock reaches them again.

export class ClockSteps {
  readonly #allowanceMs: number;
  readonly #aheadMs: () => number;
  /** The highest `#aheadMs` since the last step back. */
  #aheadMsMax: number;
  #latestAtMs = -Infinity;
  #doubtUpToMs = -Infinity;
  #count = 0;

  /**
   * @param allowanceMs the allowance A. Smaller steps back are normal between readings
   * @param aheadMs returns how far the clock is ahead of a clock that is never set. Default: unknown, so that a step
   *   back is not detected if at least as much time has passed since the last reading
   */
  constructor(allowanceMs: number, aheadMs: () => number = () => -Infinity) {
    this.#allowanceMs = allowanceMs;
    this.#aheadMs = aheadMs;
    this.#aheadMsMax = aheadMs();
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
    const aheadMs = this.#aheadMs();
    const backMs = this.#aheadMsMax - aheadMs;
    if (atMs >= this.#latestAtMs - this.#allowanceMs && !(backMs > this.#allowanceMs)) {
      this.noteAhead();
      this.note(atMs);
      return false;
    }
    this.#count += 1;
    // Another isolate of the colo may have read the clock until it was set back.
    const highestAtMs = Math.max(this.#latestAtMs, atMs + (backMs || 0));
    this.#doubtUpToMs = Math.max(this.#doubtUpToMs, highestAtMs);
    this.#latestAtMs = atMs;
    this.#aheadMsMax = aheadMs;
    return true;
  }

  /** Records how far the clock is ahead while this isolate notes an instant that it will use. */
  noteAhead(): void {
    this.#aheadMsMax = Math.max(this.#aheadMsMax, this.#aheadMs());
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
