// One piece of work that many requests ask for: one run under way and one queued, whoever asks.
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/patience.ts";

export interface JoinedRunsSettings {
  readonly run: () => Promise<unknown>;
  readonly nowAtMs: () => number;
  /** What has not ended by then is taken for gone with its request. */
  readonly patienceMs: number;
}

export class JoinedRuns {
  readonly #settings: JoinedRunsSettings;
  #running: { readonly startedAtMs: number; readonly done: Promise<void> } | undefined;
  /** Will run once what is under way has ended, or has taken too long. */
  #queued: { readonly startedAtMs: number } | undefined;

  constructor(settings: JoinedRunsSettings) {
    this.#settings = settings;
  }

  /**
   * Has a run begin after this call. Rejects as the run does, to whom it belongs.
   *
   * @returns once that run has ended, or at once where another request's will do
   */
  async ask(): Promise<void> {
    if (this.#isCurrent(this.#queued)) return;
    const running = this.#running;
    if (running === undefined || !this.#isCurrent(running)) return this.#run();
    const place = { startedAtMs: this.#settings.nowAtMs() };
    this.#queued = place;
    await patiently(running.done, this.#settings.patienceMs);
    // Else it has waited for so long that another has taken its place.
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
    const { patienceMs, nowAtMs } = this.#settings;
    return it !== undefined && isWithinMs(patienceMs, it.startedAtMs, nowAtMs());
  }
}
