// Stops asking what has failed several times in a row, and learns by a probe when it is back.

const usualFailuresToOpen = 3;
const firstPauseMs = 1_000;
const usualPauseMsMax = 30_000;

/** `probe`: stay away still, and send one trial in the background. */
export type BreakerState = "closed" | "open" | "probe";

/** One for each thing that may fail as a whole. */
export class Breaker {
  readonly #pauseMsMax: number;
  readonly #failuresToOpen: number;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #probeAtMs = 0;
  #failedAtMs = -Infinity;

  /** @param pauseMsMax the longest that a database which is back may go unnoticed */
  constructor(pauseMsMax: number = usualPauseMsMax, failuresToOpen: number = usualFailuresToOpen) {
    this.#pauseMsMax = pauseMsMax;
    this.#failuresToOpen = failuresToOpen;
  }

  /** @returns `probe` to one caller per pause, `open` to the others until a success is told */
  ask(atMs: number): BreakerState {
    if (!this.isOpen) return "closed";
    // A clock that was set back must not lengthen the pause.
    if (atMs < this.#probeAtMs && this.#probeAtMs - atMs <= this.#pauseMs) return "open";
    this.#pauseMs = Math.min(this.#pauseMsMax, 2 * this.#pauseMs);
    this.#probeAtMs = atMs + this.#pauseMs;
    return "probe";
  }

  /** Is it to be left alone, but for probes? */
  get isOpen(): boolean {
    return this.#failures >= this.#failuresToOpen;
  }

  /** It has answered: all failures are forgotten. */
  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = firstPauseMs;
  }

  /** @param sentAtMs what was under way when another failed tells nothing more by failing too */
  failed(atMs: number, sentAtMs: number = atMs): void {
    if (sentAtMs < this.#failedAtMs && this.#failedAtMs <= atMs) return;
    this.#failedAtMs = atMs;
    this.#failures += 1;
    // What was under way when it opened fails later, in numbers: only probes lengthen the pause.
    if (this.#failures === this.#failuresToOpen) this.#probeAtMs = atMs + this.#pauseMs;
  }
}
