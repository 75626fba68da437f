// How long purges take from their acceptance until this isolate has read them.
import { isWithinMs } from "../../base/elapsed.ts";
import { acceptedAtMs, type Entry } from "../journal/entry.ts";

export interface SpreadSettings {
  readonly nowAtMs: () => number;
  /** N, in milliseconds: an isolate that has not tried to read the journal for so long was not at work. */
  readonly maxLagMs: number;
  /** Told how long each purge took that was accepted while this isolate was at work. */
  readonly onSpread?: ((tookMs: number) => void) | undefined;
}

/** A spread is measured from the journal's clock to this isolate's clock, so A bounds the error. */
export class PurgeSpread {
  readonly #settings: SpreadSettings;
  #triedAtMs = -Infinity;
  /** Since then no two tries were further apart than N. */
  #atWorkSinceAtMs = Infinity;
  /**
   * From a purge's acceptance, by the journal's clock, to its being read here: of the newest purge
   * that was read on to, the longest, and when the newest was read. Of purges that were accepted while
   * this isolate was at work; `undefined` until one has come.
   */
  lag: { readonly lastMs: number; readonly worstMs: number; readonly readAtMs: number } | undefined;

  constructor(settings: SpreadSettings) {
    this.#settings = settings;
  }

  /** The isolate tries to renew its view; the try may fail. */
  tried(): void {
    const { maxLagMs, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    if (!isWithinMs(maxLagMs, this.#triedAtMs, atMs)) this.#atWorkSinceAtMs = atMs;
    this.#triedAtMs = atMs;
  }

  /**
   * Counts the purges that a read has brought. A purge that was accepted before this isolate was at work does
   * not count: its time shows how long the isolate had no requests, and not how long purges take.
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

  /** The clock was set back. */
  forgetInstants(): void {
    this.#triedAtMs = -Infinity;
  }
}
