// A circuit breaker: stops using a service after several failures in a row, and probes for its return.

const usualFailuresToOpen = 3;
const firstPauseMs = 1_000;
const usualPauseMsMax = 30_000;

/** `probe`: still open, but the caller sends one probe in the background. */
export type BreakerState = "closed" | "open" | "probe";

/** One instance per service. */
export class Breaker {
  readonly #pauseMsMax: number;
  readonly #failuresToOpen: number;
  #failures = 0;
  #pauseMs = firstPauseMs;
  #probeAtMs = 0;
  #failedAtMs = -Infinity;

  /** @param pauseMsMax how long a recovered database may stay unnoticed */
  constructor(pauseMsMax: number = usualPauseMsMax, failuresToOpen: number = usualFailuresToOpen) {
    this.#pauseMsMax = pauseMsMax;
    this.#failuresToOpen = failuresToOpen;
  }

  /** Returns the state: `probe` for one caller per pause, `open` for the others until a success. */
  ask(atMs: number): BreakerState {
    if (!this.isOpen) return "closed";
    // Ignore the pause if a clock step back would lengthen it.
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

  /** @param sentAtMs a call sent before the last failure is ignored: it shows nothing new */
  failed(atMs: number, sentAtMs: number = atMs): void {
    if (sentAtMs < this.#failedAtMs && this.#failedAtMs <= atMs) return;
    this.#failedAtMs = atMs;
    this.#failures += 1;
    // Calls under way when the breaker opens fail later. Only probes extend the pause.
    if (this.#failures === this.#failuresToOpen) this.#probeAtMs = atMs + this.#pauseMs;
  }
}
