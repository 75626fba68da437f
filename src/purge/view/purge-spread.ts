// Measures the time from a purge's acceptance until this isolate has read the purge.
import { isWithinMs } from "../../base/elapsed.ts";
import { acceptedAtMs, type Entry } from "../journal/entry.ts";

export interface SpreadSettings {
  readonly nowAtMs: () => number;
  /** N. An isolate is idle if it does not try to renew its view for longer than N. */
  readonly renewalLagMs: number;
  /** Receives the time of each purge that was accepted while this isolate was active. */
  readonly onSpread?: ((tookMs: number) => void) | undefined;
}

/** Compares the journal's clock with the isolate's, so the error is at most A. */
export class PurgeSpread {
  readonly #settings: SpreadSettings;
  #triedAtMs = -Infinity;
  /** The start of the current series of attempts that are at most N apart. */
  #atWorkSinceAtMs = Infinity;
  /**
   * The time from a purge's acceptance, by the journal's clock, until this isolate read the purge.
   * `lastMs` is the time of the newest purge, `worstMs` the longest time so far, and `readAtMs` the
   * instant of the last read with a purge. Purges accepted while this isolate was idle are ignored.
   * `undefined` before the first purge.
   */
  lag: { readonly lastMs: number; readonly worstMs: number; readonly readAtMs: number } | undefined;

  constructor(settings: SpreadSettings) {
    this.#settings = settings;
  }

  /** Records an attempt to renew the view, whether successful or not. */
  tried(): void {
    const { renewalLagMs, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    if (!isWithinMs(renewalLagMs, this.#triedAtMs, atMs)) this.#atWorkSinceAtMs = atMs;
    this.#triedAtMs = atMs;
  }

  /** Measures the purges of a read. Skips purges accepted while this isolate was idle. */
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

  /** Discards the time of the last attempt after the clock was set back. */
  forgetInstants(): void {
    this.#triedAtMs = -Infinity;
  }
}
