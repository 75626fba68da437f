// Stops asking what has failed several times in a row, and learns by a probe when it is back.

const failuresToOpen = 3;
const firstPauseMs = 1_000;
const usualPauseMsMax = 30_000;

/** `probe`: stay away still, and send one trial in the background. */
export type BreakerState = "closed" | "open" | "probe";

export class Breaker {
  readonly #pauseMsMax: number;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #probeAtMs = 0;

  /** @param pauseMsMax the longest that a database which is back may go unnoticed */
  constructor(pauseMsMax: number = usualPauseMsMax) {
    this.#pauseMsMax = pauseMsMax;
  }

  /** @returns `probe` to one caller per pause, `open` to the others until a success is told */
  ask(atMs: number): BreakerState {
    if (!this.isOpen) return "closed";
    if (atMs < this.#probeAtMs) return "open";
    this.#pauseMs = Math.min(this.#pauseMsMax, 2 * this.#pauseMs);
    this.#probeAtMs = atMs + this.#pauseMs;
    return "probe";
  }

  get isOpen(): boolean {
    return this.#failures >= failuresToOpen;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = firstPauseMs;
  }

  failed(atMs: number): void {
    this.#failures += 1;
    // What was under way when it opened fails later, in numbers: only probes lengthen the pause.
    if (this.#failures === failuresToOpen) this.#probeAtMs = atMs + this.#pauseMs;
  }
}
