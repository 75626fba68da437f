// A time-out that follows the latencies this isolate has measured (the estimator of RFC 6298 §2).

/**
 * The deviation of answers that take alike comes to nothing, and the next one takes a little longer:
 * what RFC 6298 §2.3 leaves to the clock's granularity G.
 */
const marginShare = 1 / 4;

/** However quick the answers are, unless less than that is waited for at the most. */
const timeoutMsMin = 150;

/** One for each kind of question that takes alike long. */
export class LatencyBound {
  /** The longest that it comes to. */
  readonly maxMs: number;
  #smoothedMs: number | undefined;
  #deviationMs = 0;

  constructor(maxMs: number) {
    this.maxMs = maxMs;
  }

  /** Starts at the upper bound: a first connection from afar takes several round trips. */
  get timeoutMs(): number {
    if (this.#smoothedMs === undefined) return this.maxMs;
    const boundMs =
      this.#smoothedMs + Math.max(4 * this.#deviationMs, marginShare * this.#smoothedMs);
    return Math.round(Math.min(this.maxMs, Math.max(timeoutMsMin, boundMs)));
  }

  /** Forgets what was measured before, such as how long an outage let everybody wait. */
  beganAnew(tookMs: number): void {
    this.#smoothedMs = tookMs;
    this.#deviationMs = tookMs / 2;
  }

  /** @param tookMs of one answer; of a time-out, the time that was waited */
  measured(tookMs: number): void {
    if (this.#smoothedMs === undefined) return this.beganAnew(tookMs);
    const offMs = Math.abs(this.#smoothedMs - tookMs);
    this.#deviationMs = 0.75 * this.#deviationMs + 0.25 * offMs;
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * tookMs;
  }
}
