// The interface of an isolate's reports. A Worker without `operate()` bundles only this file.
import type { Reason } from "../../base/operator-error.ts";
import type { Unavailable } from "./folding.ts";
import type { Totals } from "./totals.ts";

export interface Reports {
  /** Starts a report in the background. */
  readonly report: (afterAnswer: (work: () => Promise<void>) => void) => void;
  /**
   * Reads the totals. Never rejects.
   *
   * @param how.reportsFirst whether this isolate reports first, so that the totals include its counts. A
   *   server always does
   */
  readonly readTotals: (how?: { readonly reportsFirst: boolean }) => Promise<Totals | Unavailable>;
  /**
   * Runs the cron trigger's part. Every fifth minute it reports, even without counts, and folds
   * waiting reports, up to a limit of pages. Never rejects because of the store.
   */
  readonly runCron: () => Promise<void>;
}

/** Returns the reports of an isolate that reports nothing, for the given reason. */
export function noReports(reason: Reason): Reports {
  return {
    report: () => undefined,
    readTotals: async () => ({ kind: "unavailable", isLasting: true, ...reason }),
    runCron: async () => undefined,
  };
}
