// Measures how long after its 200 each accepted purge was still violated, as readers saw it.
import { covers } from "./coverage.ts";
import type { History, PurgeTry } from "./operations.ts";
import { firstIndex, Versions } from "./versions.ts";

interface ObservedLags {
  /** The lags of accepted purges of newly written versions, in milliseconds, sorted. */
  readonly sortedMs: readonly number[];
  /** The number of purges after which no older version was read. */
  readonly atOnceCount: number;
}

/**
 * Measures from the 200 to the beginning of the last read of an older version; 0 without such a
 * read.
 *
 * @param withinMs the limit of the search after the 200; later reads belong to another purge
 */
export function observedLags(history: History, withinMs: number): ObservedLags {
  const versions = new Versions(history.writes);
  const readsByPath = Map.groupBy(history.reads, ({ path }) => path);
  for (const reads of readsByPath.values()) {
    reads.sort((one, other) => one.invokedAtMs - other.invokedAtMs);
  }
  const lagMs = (purge: PurgeTry): number => {
    let lastMs = 0;
    for (const page of history.pages.filter((each) => covers(purge.order, each))) {
      const version = versions.at(page.path, purge.invokedAtMs);
      const reads = readsByPath.get(page.path) ?? [];
      const from = firstIndex(reads, ({ invokedAtMs }) => invokedAtMs <= purge.returnedAtMs);
      for (let at = from; at < reads.length; at += 1) {
        const read = reads[at]!;
        const afterMs = read.invokedAtMs - purge.returnedAtMs;
        if (afterMs > withinMs) break;
        if (read.version < version) lastMs = Math.max(lastMs, afterMs);
      }
    }
    return lastMs;
  };
  const hard = history.purges.filter(
    ({ outcome, order }) => outcome.kind === "accepted" && order.mode !== "soft",
  );
  const sortedMs = hard.map(lagMs).toSorted((one, other) => one - other);
  return { sortedMs, atOnceCount: sortedMs.filter((ms) => ms === 0).length };
}

/** @param share 0.5 for the median @returns `undefined` for an empty array */
export function quantile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
