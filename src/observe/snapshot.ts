// The counts of an isolate, as `/_cache/stats` and the statistics of a data cache show them.
import type { Outcome } from "./decision.ts";
import type { FamilyName } from "../protocol/families.ts";
import type { Metrics } from "./metrics.ts";
import { seriesIn, seriesOf, type Sums } from "./sums.ts";

type Counts<Kind extends string = string> = Partial<Record<Kind, number>>;

interface RouteCounts {
  requests: number;
  readonly outcomes: Counts<Outcome>;
  readonly refusedToStore: Counts;
}

export type Snapshot = ReturnType<typeof snapshotOf>;

/** Returns all counts of an isolate. `sinceAtMs`: the start of counting in epoch milliseconds. */
export function snapshotOf(metrics: Pick<Metrics, "sums" | "sinceAtMs">) {
  const sums = metrics.sums();
  const total = (family: FamilyName, ...labels: string[]) =>
    sums.get(seriesOf(family, labels)) ?? 0;
  return {
    sinceAtMs: metrics.sinceAtMs,
    routes: routesIn(sums),
    /** Reads by tier, then by result. `writes` has the same form. */
    reads: tierCounts(sums, "tierReads"),
    writes: tierCounts(sums, "tierWrites"),
    invalidations: {
      named: total("invalidations", "named"),
      widened: total("invalidations", "widened"),
      purged: total("invalidations", "purged"),
      failed: total("invalidations", "failed"),
    },
    hotKeys: {
      sampled: total("hotKeys", "sampled"),
      flushed: total("hotKeys", "flushed"),
      refreshed: total("hotKeys", "refreshed"),
      skipped: total("hotKeys", "skipped"),
      failed: total("hotKeys", "failed"),
    },
    purges: { accepted: total("purges"), refused: byLabel(sums, "purgeRefusals") },
    originRequests: total("originRequests"),
    /** How many of `originRequests` were retries. */
    originRetries: total("originRetries"),
    /** Records of another version or form, or whose body does not match. */
    badRecords: total("badRecords"),
    /** Tags over 256 bytes, which purges cannot name. */
    tagsLeftOut: total("tagsLeftOut"),
    failedBackgroundWork: total("backgroundFailures"),
    /** Answers for which Tidemark could not verify whether a purge covers them. */
    unverifiedAnswers: totalOf(sums, "unverified"),
    /** Requests that the switch sent straight to the origin. */
    bypassedBySwitch: totalOf(sums, "bypassed"),
    /** Commands sent to Redis, by purpose. Each command of a transaction counts. */
    redisCommands: byLabel(sums, "redisCommands"),
    /** Calls to Durable Objects, and the rows that they wrote, by purpose. */
    objectCalls: byLabel(sums, "objectCalls"),
    objectRows: byLabel(sums, "objectRows"),
  };
}

/** Sums all series of a counter. */
function totalOf(sums: Sums, family: FamilyName): number {
  let total = 0;
  for (const { count } of seriesIn(sums, family)) total += count;
  return total;
}

function routesIn(sums: Sums): Readonly<Record<string, RouteCounts>> {
  const routes = new Map<string, RouteCounts>();
  const routeNamed = (name: string) => {
    const counts = routes.get(name) ?? { requests: 0, outcomes: {}, refusedToStore: {} };
    routes.set(name, counts);
    return counts;
  };
  for (const { labels, count } of seriesIn(sums, "requests")) {
    const [route = "", outcome = ""] = labels;
    const counts = routeNamed(route);
    counts.requests += count;
    addIn(counts.outcomes, outcome, count);
  }
  for (const { labels, count } of seriesIn(sums, "refusals")) {
    const [route = "", rule = ""] = labels;
    addIn(routeNamed(route).refusedToStore, rule, count);
  }
  return Object.fromEntries(routes);
}

function tierCounts(sums: Sums, family: "tierReads" | "tierWrites") {
  const tiers: Record<string, Record<string, number>> = {};
  for (const { labels, count } of seriesIn(sums, family)) {
    const [tier = "", result = ""] = labels;
    (tiers[tier] ??= {})[result] = count;
  }
  return tiers;
}

/** Returns the counts of a family with one label. */
function byLabel(sums: Sums, family: FamilyName): Counts {
  const counts: Counts = {};
  for (const { labels, count } of seriesIn(sums, family)) addIn(counts, labels[0] ?? "", count);
  return counts;
}

function addIn(counts: Counts, kind: string, count: number): void {
  counts[kind] = (counts[kind] ?? 0) + count;
}
