// Shares one piece of work between requests: at most one run is under way and one is queued.
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/timeouts.ts";

export interface JoinedRunsSettings {
  readonly run: () => Promise<unknown>;
  readonly nowAtMs: () => number;
  /** A run that takes longer is assumed to have died with its request. */
  readonly waitTimeoutMs: number;
}

export class JoinedRuns {
  readonly #settings: JoinedRunsSettings;
  #running: { readonly startedAtMs: number; readonly done: Promise<void> } | undefined;
  /** Starts once the current run has ended or timed out. */
  #queued: { readonly startedAtMs: number } | undefined;

  constructor(settings: JoinedRunsSettings) {
    this.#settings = settings;
  }

  /**
   * Requests a run that begins after this call. Rejects with the run's error if this call executes the run.
   *
   * @returns once that run has ended; at once if another request has already queued one
   */
  async ask(): Promise<void> {
    if (this.#isCurrent(this.#queued)) return;
    const running = this.#running;
    if (running === undefined || !this.#isCurrent(running)) return this.#run();
    const place = { startedAtMs: this.#settings.nowAtMs() };
    this.#queued = place;
    await patiently(running.done, this.#settings.waitTimeoutMs);
    if (this.#queued === place) await this.#run();
  }

  async #run(): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const running = { startedAtMs: this.#settings.nowAtMs(), done };
    this.#running = running;
    this.#queued = undefined;
    try {
      await this.#settings.run();
    } finally {
      if (this.#running === running) this.#running = undefined;
      resolve();
    }
  }

  #isCurrent(it: { readonly startedAtMs: number } | undefined): boolean {
    const { waitTimeoutMs, nowAtMs } = this.#settings;
    return it !== undefined && isWithinMs(waitTimeoutMs, it.startedAtMs, nowAtMs());
  }
}
