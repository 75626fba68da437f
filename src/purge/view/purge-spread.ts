// How long purges take from their acceptance until this isolate has read them.
import { isWithinMs } from "../../elapsed.ts";
import { acceptedAtMs, type Entry } from "../journal/entry.ts";

export interface SpreadSettings {
  readonly nowAtMs: () => number;
  /** N, in milliseconds: whoever has not tried to read the journal for so long was not at work. */
  readonly maxLagMs: number;
  /** Told how long each purge took that was accepted while this isolate was at work. */
  readonly onSpread?: ((tookMs: number) => void) | undefined;
}

/** By the journal's clock at one end and this isolate's at the other: A bounds the error. */
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

  /** The view is to be brought up to date, whatever comes of that. */
  tried(): void {
    const { maxLagMs, nowAtMs } = this.#settings;
    const atMs = nowAtMs();
    if (!isWithinMs(maxLagMs, this.#triedAtMs, atMs)) this.#atWorkSinceAtMs = atMs;
    this.#triedAtMs = atMs;
  }

  /**
   * Entries were read on to. What was accepted before this isolate was at work tells how long nobody
   * asked here, and nothing of the way that purges take: it does not count.
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
