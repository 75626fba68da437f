// What is counted of a namespace, and how that counts in the families for data.
import { type TierName, tierNames } from "../../config/config.ts";
import type { FamilyName } from "../../protocol/families.ts";
import { seriesOf } from "../../observe/sums.ts";

/** Of one namespace, since this isolate began. */
export interface NamespaceCounts {
  /** Values that answered fresh, by the tier that had them; stale ones; those of another call's load. */
  readonly hits: Record<TierName, number>;
  readonly staleHits: Record<TierName, number>;
  collapsed: number;
  /** Calls that were given what their own load brought; nothing; an error. */
  loaded: number;
  absent: number;
  failed: number;
  /** Nothing that is stored might answer. */
  misses: number;
  /** Keys whose source was asked, and of those: behind an answer, by the cron trigger. */
  loads: number;
  refreshes: number;
  cronRefreshes: number;
  /** What became of them; loads of one or more keys that were over their time. */
  workedLoads: number;
  failedLoads: number;
  timedOutLoads: number;
  /** Writes to the application's database; what became of them; those whose purge was refused. */
  persists: number;
  workedPersists: number;
  failedPersists: number;
  unpurgedWrites: number;
  /** By tier, then by what a write came to. */
  readonly writes: Record<string, Record<string, number>>;
}

export const noCounts = {
  collapsed: 0,
  loaded: 0,
  absent: 0,
  failed: 0,
  misses: 0,
  loads: 0,
  refreshes: 0,
  cronRefreshes: 0,
  workedLoads: 0,
  failedLoads: 0,
  timedOutLoads: 0,
  persists: 0,
  workedPersists: 0,
  failedPersists: 0,
  unpurgedWrites: 0,
};

/** Each series once, with its count since the isolate began. */
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
    for (const [came, count] of Object.entries(cames)) add("dataWrites", [tier, came], count);
  }
  add("dataPersists", ["failed"], counts.failedPersists);
  add("dataPersists", ["worked"], counts.workedPersists);
  add("dataUnpurged", [], counts.unpurgedWrites);
  return all;
}
