// Shares runs of a task between requests. At most one run is in progress, and at most one is
// queued. A run that exceeds the timeout is ignored.
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/timeouts.ts";

export interface JoinedRunsSettings {
  readonly nowAtMs: () => number;
  /**
   * The time after which a run is ignored, because the runtime may have ended it with its request.
   */
  readonly timeoutMs: number;
}

export class JoinedRuns {
  readonly #settings: JoinedRunsSettings;
  readonly #task: () => Promise<unknown>;
  #running: { readonly startedAtMs: number; readonly done: Promise<void> } | undefined;
  /** The run that starts once the current run has ended or timed out. */
  #queued: { readonly startedAtMs: number; readonly done: Promise<void> } | undefined;

  constructor(settings: JoinedRunsSettings, task: () => Promise<unknown>) {
    this.#settings = settings;
    this.#task = task;
  }

  /**
   * Ensures that a run begins after this call. If this call itself executes the run, the returned
   * promise rejects with the run's error.
   *
   * @param how.waits whether to wait for a run that another request has queued
   * @returns a promise that settles once the run has ended. Without `waits`, it settles at once if
   *   another request has already queued a run
   */
  async ask({ waits = false }: { readonly waits?: boolean } = {}): Promise<void> {
    const queued = this.#queued;
    if (queued !== undefined && this.#isCurrent(queued)) {
      if (waits) await patiently(queued.done, this.#settings.timeoutMs);
      return;
    }
    const running = this.#running;
    if (running === undefined || !this.#isCurrent(running)) return this.#run();
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const place = { startedAtMs: this.#settings.nowAtMs(), done };
    this.#queued = place;
    try {
      await patiently(running.done, this.#settings.timeoutMs);
      if (this.#queued === place) await this.#run();
    } finally {
      resolve();
    }
  }

  async #run(): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const running = { startedAtMs: this.#settings.nowAtMs(), done };
    this.#running = running;
    this.#queued = undefined;
    try {
      await this.#task();
    } finally {
      if (this.#running === running) this.#running = undefined;
      resolve();
    }
  }

  #isCurrent(it: { readonly startedAtMs: number } | undefined): boolean {
    const { timeoutMs, nowAtMs } = this.#settings;
    return it !== undefined && isWithinMs(timeoutMs, it.startedAtMs, nowAtMs());
  }
}
