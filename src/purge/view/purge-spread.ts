// Measures the time from a purge's acceptance until this isolate has read it.
import { isWithinMs } from "../../base/elapsed.ts";
import { acceptedAtMs, type Entry } from "../journal/entry.ts";

export interface SpreadSettings {
  readonly nowAtMs: () => number;
  /** N. An isolate that has not tried to read for longer counts as idle. */
  readonly maxLagMs: number;
  /** Receives the time of each purge that was accepted while this isolate was active. */
  readonly onSpread?: ((tookMs: number) => void) | undefined;
}

/** Compares the journal's clock with the isolate's, so the error is at most A. */
export class PurgeSpread {
  readonly #settings: SpreadSettings;
  #triedAtMs = -Infinity;
  /** Start of the current run of reads that are at most N apart. */
  #atWorkSinceAtMs = Infinity;
  /**
   * Time from acceptance, by the journal's clock, to the read: of the newest purge, and the longest so far.
   * Counts only purges accepted while this isolate was active; `undefined` until there is one.
   */
  lag: { readonly lastMs: number; readonly worstMs: number; readonly readAtMs: number } | undefined;

  constructor(settings: SpreadSettings) {
    this.#settings = settings;
  }

  /** Notes an attempt to renew the view, successful or not. */
  tried(): void {
    const { maxLagMs, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    if (!isWithinMs(maxLagMs, this.#triedAtMs, atMs)) this.#atWorkSinceAtMs = atMs;
    this.#triedAtMs = atMs;
  }

  /**
   * Measures the purges of a read. It skips those accepted while this isolate was idle: their time would
   * show missing traffic rather than slow purging.
   */
  read(entries: readonly Entry[]): void {
    const { nowAtMs, onSpread } = this.#settings;
    const atMs = nowAtMs();
    for (const { position } of entries) {
      const acceptedMs = acceptedAtMs(position);
      if (acceptedMs < this.#atWorkSinceAtMs) continue;
      const lastMs = Math.max(0, atMs - acceptedMs);
      onSpread?.(lastMs);
      this.lag = { lastMs, worstMs: Math.max(lastMs, this.lag?.worstMs ?? 0), readAtMs: atMs };
    }
  }

  /** Resets the activity after the clock was set back. */
  forgetInstants(): void {
    this.#triedAtMs = -Infinity;
  }
}
