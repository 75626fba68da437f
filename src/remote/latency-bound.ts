// A timeout that adapts to measured latencies (the estimator of RFC 6298 §2).

/** The timeouts of reads, which a client may wait for, and of writes, which may carry a body. */
export const [readMsMax, writeMsMax] = [1_000, 5_000];

/**
 * The minimum margin, as a share of the mean latency. Equal latencies would otherwise reduce the
 * margin to zero. RFC 6298 §2.3 uses the clock granularity G instead.
 */
const marginShare = 1 / 4;

/**
 * The minimum timeout, unless the maximum is lower. On a machine whose processors are busy, a database
 * that answers within 1 ms otherwise takes up to 300 ms. A reader that gives up earlier loads what the
 * database has.
 */
const timeoutMsMin = 500;

/** The minimum wait of a page, for which a load costs less than a long wait. */
export const pageWaitMsMin = 150;

/** A timeout for a group of commands whose latencies are similar. */
export class LatencyBound {
  readonly maxMs: number;
  readonly #minMs: number;
  #smoothedMs: number | undefined;
  #deviationMs = 0;

  constructor(maxMs: number, minMs = timeoutMsMin) {
    this.maxMs = maxMs;
    this.#minMs = minMs;
  }

  /**
   * Returns the timeout. It starts at the maximum, because a first connection from afar takes
   * several round trips.
   */
  get timeoutMs(): number {
    if (this.#smoothedMs === undefined) return this.maxMs;
    const boundMs =
      this.#smoothedMs + Math.max(4 * this.#deviationMs, marginShare * this.#smoothedMs);
    return Math.round(Math.min(this.maxMs, Math.max(this.#minMs, boundMs)));
  }

  /** Restarts the estimate, for example after an outage. */
  restart(tookMs: number): void {
    this.#smoothedMs = tookMs;
    this.#deviationMs = tookMs / 2;
  }

  /**
   * Adapts the timeout to a measurement.
   *
   * @param tookMs the latency of an answer, or the time waited until a timeout
   */
  measured(tookMs: number): void {
    if (this.#smoothedMs === undefined) return this.restart(tookMs);
    const offMs = Math.abs(this.#smoothedMs - tookMs);
    this.#deviationMs = 0.75 * this.#deviationMs + 0.25 * offMs;
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * tookMs;
  }
}
