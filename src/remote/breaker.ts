// A circuit breaker: stops the use of a service after several failures in a row, until a probe
// succeeds.

const usualFailuresToOpen = 3;
const firstPauseMs = 1_000;
const usualPauseMsMax = 30_000;

/** `probe`: still open, but the caller sends a probe. */
export type BreakerState = "closed" | "open" | "probe";

/** One instance per service. */
export class Breaker {
  readonly #pauseMsMax: number;
  readonly #failuresToOpen: number;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #probeAtMs = 0;
  #failedAtMs = -Infinity;

  /**
   * @param pauseMsMax the maximum pause between probes; a recovery may stay undetected for that
   *   long
   */
  constructor(pauseMsMax: number = usualPauseMsMax, failuresToOpen: number = usualFailuresToOpen) {
    this.#pauseMsMax = pauseMsMax;
    this.#failuresToOpen = failuresToOpen;
  }

  /** Returns the state. While the breaker is open, one caller per pause gets `probe`. */
  ask(atMs: number): BreakerState {
    if (!this.isOpen) return "closed";
    // The second condition fails if the clock was set back. Otherwise the pause would become
    // longer.
    if (atMs < this.#probeAtMs && this.#probeAtMs - atMs <= this.#pauseMs) return "open";
    this.#pauseMs = Math.min(this.#pauseMsMax, 2 * this.#pauseMs);
    this.#probeAtMs = atMs + this.#pauseMs;
    return "probe";
  }

  /** Returns whether only probes are allowed. */
  get isOpen(): boolean {
    return this.#failures >= this.#failuresToOpen;
  }

  /** Notes a success, which clears all failures. */
  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = firstPauseMs;
  }

  /**
   * Notes a failure.
   *
   * @param sentAtMs a call sent before the last failure is ignored, because it shows nothing new
   */
  failed(atMs: number, sentAtMs: number = atMs): void {
    if (sentAtMs < this.#failedAtMs && this.#failedAtMs <= atMs) return;
    this.#failedAtMs = atMs;
    this.#failures += 1;
    // Calls that were in progress when the breaker opened may fail later. Only probes extend the
    // pause.
    if (this.#failures === this.#failuresToOpen) this.#probeAtMs = atMs + this.#pauseMs;
  }
}
