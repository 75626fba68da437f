// The totals: the sum of all isolates' reports.
import type { Sums } from "../observe/sums.ts";

/** The gauges from a colo's newest report. */
export interface ColoState {
  /** Time of the report. */
  readonly atMs: number;
  /** Time from the acceptance of the last purge that was read until its read; `null` if none was read. */
  readonly lagMs: number | null;
  /** The longest such time since the previous report. */
  readonly lagWorstMs: number | null;
  /** The age of the purge view at the report; `null` without a view. */
  readonly viewAgeMs: number | null;
  readonly memoryBytes: number;
  readonly memoryRecords: number;
}

/** The counts of five minutes, in the families that health uses. */
export interface Window {
  /** A multiple of five minutes. */
  readonly fromAtMs: number;
  readonly sums: Sums;
}

/** Counts never decrease while Redis keeps acknowledged data. */
export interface Totals {
  /** Start of counting. */
  readonly startedAtMs: number;
  readonly sums: Sums;
  readonly colos: ReadonlyMap<string, ColoState>;
  /** Newest first, at most three. */
  readonly windows: readonly Window[];
}
