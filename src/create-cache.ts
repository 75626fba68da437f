// The core of an isolate: its tiers, its view of the purge journal, and what keeps many from asking
// for the same at once. It knows no origin and no request; an application's own data can use it alone.
import { FewAtOnce } from "./cache/few-at-once.ts";
import { Leases } from "./cache/leases.ts";
import { EdgeTier } from "./cache/tiers/edge-tier.ts";
import { MemoryTier } from "./cache/tiers/memory-tier.ts";
import type { RecordForm } from "./cache/tiers/record-form.ts";
import { SharedTier } from "./cache/tiers/shared-tier.ts";
import type { Config } from "./config/config.ts";
import { errorName, firstFrame } from "./error-name.ts";
import { logOf } from "./observe/log-line.ts";
import { Metrics } from "./observe/metrics.ts";
import type { Background, Platform } from "./platform/platform.ts";
import { ByteBudget } from "./cache/byte-budget.ts";
import { createPurging } from "./purge/purging.ts";
import { noJournal } from "./purge/view/view.ts";
import type { RedisAddress } from "./redis/open-client.ts";
import { RedisClient } from "./redis/redis-client.ts";
import { areReportsOn, createReports } from "./reports/create-reports.ts";
import type { Dataset } from "./reports/data-points.ts";
import { IsolateGauges } from "./reports/isolate-gauges.ts";

/** What the core needs of a platform. */
export interface CachePlatform extends Pick<Platform, "cache" | "nowAtMs" | "random" | "log"> {
  /** Holds the shared tier and the purge journal; without it there is neither, and no purge. */
  readonly database?: RedisAddress | undefined;
  /** Of Analytics Engine: gets reports of what is counted, in the place of the database. */
  readonly dataset?: Dataset | undefined;
}

/**
 * Lives as long as its isolate.
 *
 * @typeParam Detail what its records know beside what any record does
 */
export type TieredCache<Detail> = ReturnType<typeof createCache<Detail>>;

/**
 * Makes a core. It needs nothing of Workers beyond Web standards.
 *
 * @param config from `defineConfig`; its routes and origins are not looked at
 * @param form   what the tiers ask of a record's detail
 */
export function createCache<Detail>(
  config: Pick<Config, "namespace" | "limits" | "purge" | "metrics">,
  platform: CachePlatform,
  form: RecordForm<Detail>,
) {
  const { namespace, limits, purge } = config;
  const { database, cache, nowAtMs, log } = platform;
  const metrics = new Metrics(nowAtMs(), areReportsOn(config, platform));
  const onBadRecord = () => metrics.add("badRecords");
  const fillBudget = new ByteBudget(limits.memoryBytes);
  const redis =
    database && new RedisClient({ ...database, nowAtMs, metrics, tell: logOf("shared-tier", log) });
  const listenerFailed = () => metrics.add("backgroundFailures");
  const onSpread = (tookMs: number) => {
    metrics.took("purgeSpread", [metrics.colo], tookMs);
    gauges.lagged(tookMs);
  };
  const watched = { ...platform, listenerFailed, onSpread, metrics };
  const purging = database && createPurging({ namespace, purge }, database, watched);
  const tellOfEdge = logOf("edge-tier", log);
  const run = (work: () => Promise<void>): Promise<void> =>
    work().catch((cause: unknown) => {
      metrics.add("backgroundFailures");
      const message = `Background work failed with ${errorName(cause)}: ${firstFrame(cause)}`;
      log({ event: "background-failed", level: "error", message });
    });
  const memory = new MemoryTier({
    bytesMax: limits.memoryBytes,
    form,
    onLetGo: (body) => fillBudget.countFromNow(body),
    onEvicted: () => metrics.add("evictions", ["memory"]),
  });
  const gauges = new IsolateGauges({ memory, viewReadAtMs: () => purging?.view.sentAtMs });
  const told = { config, metrics, gauges: (atMs: number) => gauges.taken(atMs) };
  const reports = createReports(told, platform);
  return {
    tiers: {
      memory,
      /** `undefined` on a platform without a Cache API. */
      edge: cache && new EdgeTier({ cache, form, nowAtMs, tell: tellOfEdge, onBadRecord }),
      /** `undefined` without a database. */
      shared:
        redis &&
        new SharedTier({
          redis,
          form,
          namespace,
          bodyBytesMax: limits.sharedBodyBytes,
          uploadBytesMax: limits.memoryBytes,
          onBadRecord,
          nowAtMs,
        }),
    },
    /** The shared tier's; `undefined` without a database. */
    redis,
    /** `undefined` without a database. */
    purging,
    /** Tells nothing of purges where there is no journal. */
    view: purging?.view ?? noJournal,
    fewAtOnce: new FewAtOnce(),
    /** Rights to load that hold in all colos; `undefined` without a database. */
    leases: redis && new Leases({ redis, namespace, form, randomText: () => crypto.randomUUID() }),
    /** What all bodies on their way may hold together: `limits.memoryBytes`, beside the memory tier. */
    fillBudget,
    metrics,
    /** What isolates tell of their counts, and what that comes to. */
    reports,
    /** Tells what was counted, behind an answer. */
    report: reports.report,
    /** Runs work that no answer waits for. Never rejects: a failure is counted and logged. */
    run,
    /** Makes a function that starts such work and tells the runtime of it. */
    behind: (background: Background) => (work: () => Promise<void>) =>
      background.waitUntil(run(work)),
  };
}
