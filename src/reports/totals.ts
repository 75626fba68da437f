// The totals: the sum of all isolates' reports.
import type { Sums } from "../observe/sums.ts";

/** The gauges from a colo's newest report. */
export interface ColoState {
  /** The time of the report. */
  readonly atMs: number;
  /**
   * How long after its acceptance the isolate read the last purge; `null` if it has read no purge.
   */
  readonly lagMs: number | null;
  /** The longest of these times since the previous report; `null` if no purge was read since. */
  readonly lagWorstMs: number | null;
  /** The age of the purge view at the report; `null` without a view. */
  readonly viewAgeMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}

/** The counts of five minutes, in the families that the health check uses. */
export interface Window {
  /** The start, a multiple of five minutes. */
  readonly fromAtMs: number;
  readonly sums: Sums;
}

/** The totals. Counts never decrease while Redis keeps acknowledged data. */
export interface Totals {
  /** When counting started. */
  readonly startedAtMs: number;
  readonly sums: Sums;
  readonly colos: ReadonlyMap<string, ColoState>;
  /** Newest first, at most three. */
  readonly windows: readonly Window[];
  /** The history of a dashboard, as JSON. Absent without a dashboard. */
  readonly history?: unknown;
}
