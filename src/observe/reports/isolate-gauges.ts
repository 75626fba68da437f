// The gauges of an isolate: journal lag, age of the view, and size of the memory tiers.
import type { Gauges } from "./totals.ts";

interface GaugesSettings {
  /** The memory tiers, of pages and of data. Tiers may be added later. */
  readonly memories: readonly { readonly bytes: number; readonly count: number }[];
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

  /** Returns the gauges for a report, and resets the worst lag. */
  taken(atMs: number): Gauges {
    const gauges = this.at(atMs);
    this.#lagWorstMs = null;
    return gauges;
  }

  /** Returns the gauges, and resets nothing. */
  at(atMs: number): Gauges {
    const { memories, viewReadAtMs } = this.#settings;
    const readAtMs = viewReadAtMs() ?? -Infinity;
    const viewAgeMs = readAtMs === -Infinity ? null : Math.max(0, atMs - readAtMs);
    const memoryBytes = memories.reduce((sum, { bytes }) => sum + bytes, 0);
    const memoryRecords = memories.reduce((sum, { count }) => sum + count, 0);
    const lags = { lagMs: this.#lagMs, lagWorstMs: this.#lagWorstMs };
    return { ...lags, viewAgeMs, memoryBytes, memoryRecords };
  }
}
