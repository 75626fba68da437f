// What rises and falls in one isolate: how late it hears of purges, how old its view is, how full its
// memory is.
import type { Gauges } from "./report-entry.ts";

export interface GaugesSettings {
  readonly memory: { readonly bytes: number; readonly count: number };
  /** When the journal was last read and proven, in epoch milliseconds; -Infinity before; `undefined` without one. */
  readonly viewReadAtMs: () => number | undefined;
}

/** One for each isolate. */
export class IsolateGauges {
  readonly #settings: GaugesSettings;
  #lagMs: number | null = null;
  #lagWorstMs: number | null = null;

  constructor(settings: GaugesSettings) {
    this.#settings = settings;
  }

  /** A purge was read so long after it was accepted. */
  lagged(tookMs: number): void {
    this.#lagMs = Math.max(0, tookMs);
    this.#lagWorstMs = Math.max(this.#lagMs, this.#lagWorstMs ?? 0);
  }

  /** How it stands; the worst lag begins anew by that. */
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
