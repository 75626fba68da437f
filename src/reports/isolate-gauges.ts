// The gauges of one isolate: purge lag, age of the view, and use of memory.
import type { Gauges } from "./report-entry.ts";

export interface GaugesSettings {
  readonly memory: { readonly bytes: number; readonly count: number };
  /**
   * Returns when the last read that renewed the view was sent, in epoch milliseconds; `-Infinity`
   * before the first read; `undefined` without a journal.
   */
  readonly viewReadAtMs: () => number | undefined;
}

/** One instance per isolate. */
export class IsolateGauges {
  readonly #settings: GaugesSettings;
  #lagMs: number | null = null;
  #lagWorstMs: number | null = null;

  constructor(settings: GaugesSettings) {
    this.#settings = settings;
  }

  /** Records the time from the acceptance of a purge until this isolate read the purge. */
  lagged(tookMs: number): void {
    this.#lagMs = Math.max(0, tookMs);
    this.#lagWorstMs = Math.max(this.#lagMs, this.#lagWorstMs ?? 0);
  }

  /** Returns the gauges and resets the worst lag. */
  taken(atMs: number): Gauges {
    const { memory, viewReadAtMs } = this.#settings;
    const lagWorstMs = this.#lagWorstMs;
    this.#lagWorstMs = null;
    const readAtMs = viewReadAtMs() ?? -Infinity;
    const viewAgeMs = readAtMs === -Infinity ? null : Math.max(0, atMs - readAtMs);
    const { bytes: memoryBytes, count: memoryRecords } = memory;
    return { lagMs: this.#lagMs, lagWorstMs, viewAgeMs, memoryBytes, memoryRecords };
  }
}
