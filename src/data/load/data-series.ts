// The counts of a namespace, and their series in the metric families for data.
import { type TierName, tierNames } from "../../config/config.ts";
import type { FamilyName } from "../../protocol/families.ts";
import { seriesOf } from "../../observe/sums.ts";

export const noCounts = {
  /** Answers from another call's load. */
  collapsed: 0,
  /** Keys that the call's own load answered, keys without a usable value, and keys that failed. */
  loaded: 0,
  absent: 0,
  failed: 0,
  /** Lookups without a value that may answer. */
  misses: 0,
  /** Keys passed to the source, keys due for a background refresh, and keys loaded by the cron trigger. */
  loads: 0,
  refreshes: 0,
  cronRefreshes: 0,
  /** Keys whose load worked, keys whose load failed, and loads that timed out. */
  workedLoads: 0,
  failedLoads: 0,
  timedOutLoads: 0,
  /** Values that were not stored, because the codec failed, or because no tier takes their size. */
  unstorableLoads: 0,
  /**
   * Writes to the application's database: all, worked, failed, and writes whose purge was refused.
   */
  persists: 0,
  workedPersists: 0,
  failedPersists: 0,
  unpurgedWrites: 0,
};

/** The counts of one namespace since this isolate started. */
export type NamespaceCounts = typeof noCounts & {
  /** Fresh and stale answers by tier. */
  readonly hits: Record<TierName, number>;
  readonly staleHits: Record<TierName, number>;
  /** Writes by tier, then by their result. */
  readonly writes: Record<string, Record<string, number>>;
};

/** Returns the count of each series since the isolate started. */
export function seriesIn(namespace: string, counts: NamespaceCounts): Map<string, number> {
  const all = new Map<string, number>();
  const add = (family: FamilyName, labels: readonly string[], count: number) => {
    if (count > 0) all.set(seriesOf(family, [namespace, ...labels]), count);
  };
  for (const tier of tierNames) {
    add("dataRequests", ["hit", tier], counts.hits[tier]);
    add("dataRequests", ["stale", tier], counts.staleHits[tier]);
  }
  add("dataRequests", ["collapsed", "source"], counts.collapsed);
  add("dataRequests", ["loaded", "source"], counts.loaded);
  add("dataRequests", ["absent", "none"], counts.absent);
  add("dataRequests", ["failed", "none"], counts.failed);
  add("dataLoads", ["worked"], counts.workedLoads);
  add("dataLoads", ["failed"], counts.failedLoads);
  add("dataRefreshes", ["answer"], counts.refreshes);
  add("dataRefreshes", ["cron"], counts.cronRefreshes);
  for (const [tier, cames] of Object.entries(counts.writes)) {
    for (const [result, count] of Object.entries(cames)) add("dataWrites", [tier, result], count);
  }
  add("dataPersists", ["failed"], counts.failedPersists);
  add("dataPersists", ["worked"], counts.workedPersists);
  add("dataUnpurged", [], counts.unpurgedWrites);
  return all;
}
