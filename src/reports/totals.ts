// The totals: all reports of all isolates, added up.
import type { Sums } from "../observe/sums.ts";

/** The gauges of the newest report of a colo. */
export interface ColoState {
  /** When it was told. */
  readonly atMs: number;
  /** Of the last purge that it read: from its acceptance until it was read; `null` if it has read none. */
  readonly lagMs: number | null;
  /** The longest of these since the report before. */
  readonly lagWorstMs: number | null;
  /** From its last proven read of the journal to the report; `null` without a journal. */
  readonly viewAgeMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}

/** What came in five minutes: the series that health looks at. */
export interface Window {
  /** A multiple of five minutes. */
  readonly fromAtMs: number;
  readonly sums: Sums;
}

/** They never fall, as long as Redis keeps what it has acknowledged. */
export interface Totals {
  /** When counting began. */
  readonly startedAtMs: number;
  readonly sums: Sums;
  readonly colos: ReadonlyMap<string, ColoState>;
  /** The newest first, three at the most. */
  readonly windows: readonly Window[];
}
