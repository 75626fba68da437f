// The core of an isolate: its tiers, its view of the purge journal, and the limits on concurrent
// loads. The core does not depend on origins or requests, so application data can use the core with
// or without pages.
import { KeyedSemaphore } from "../cache/keyed-semaphore.ts";
import { EdgeTier } from "../stores/cache-api/edge-tier.ts";
import { MemoryTier, type MemoryTierSettings } from "../stores/memory/memory-tier.ts";
import type { RecordForm } from "../cache/tiers/record-form.ts";
import type { BodyCall, MakeTier } from "../cache/tiers/tier-in-code.ts";
import { TierStack } from "../cache/tiers/tier-stack.ts";
import type { Config } from "../config/config.ts";
import { describedError } from "../base/error-name.ts";
import { type Fault, OperatorError, type Reason } from "../base/operator-error.ts";
import { logOf } from "../observe/log-line.ts";
import { Metrics } from "../observe/metrics.ts";
import type { Background, Platform } from "../platform/platform.ts";
import { ByteBudget } from "../cache/byte-budget.ts";
import type { JournalMaker } from "../purge/create-purging.ts";
import type { JournalView, JournalViewSettings } from "../purge/view/journal-view.ts";
import { noJournal } from "../purge/view/view-port.ts";
import type { RedisAddress } from "../remote/redis/address.ts";
import type { RedisClient, RedisSettings } from "../remote/redis/redis-client.ts";
import type { MakeRedisJournal, RedisStore } from "../stores/redis/redis-store.ts";
import { NameSecret } from "../cache/record/record-key.ts";
import {
  type CreateReports,
  noReports,
  type ReportHistory,
  type ReportsSettings,
} from "../observe/reports/reports.ts";
import type { MakeReportStore } from "../observe/reports/report-store.ts";
import { IsolateGauges } from "../observe/reports/isolate-gauges.ts";

/** Factories of parts. A factory receives the settings of the default factory that it replaces. */
export interface CacheFactories {
  readonly journal?: MakeRedisJournal;
  readonly view?: (settings: JournalViewSettings) => JournalView;
  readonly memory?: <Detail>(settings: MemoryTierSettings<Detail>) => MemoryTier<Detail>;
  /** Creates the client of the shared tier. */
  readonly redis?: (settings: RedisSettings) => RedisClient;
  readonly metrics?: (sinceAtMs: number) => Metrics;
}

const defaults = {
  memory: (settings) => new MemoryTier(settings),
  metrics: (sinceAtMs) => new Metrics(sinceAtMs),
} satisfies CacheFactories;

/** The platform features that the core needs. */
export interface CachePlatform extends Pick<
  Platform,
  "cache" | "nowAtMs" | "aheadMs" | "random" | "log" | "isServer"
> {
  /** Creates the reports to one of the stores; without it, isolates report nothing. */
  readonly createReports?: CreateReports | undefined;
  /** Keeps a history in the totals of all reports. */
  readonly reportHistory?: ReportHistory | undefined;
  /**
   * The database of the shared tier and the purge journal. Without a database, and without a store of records such as
   * Durable Objects, there is no shared tier. Without a database and `journal`, there is no journal, so purges are not
   * possible.
   */
  readonly database?: RedisAddress | undefined;
  /** The fault of the stores, if it leaves the cache without a journal. */
  readonly unusable?: Fault | undefined;
  /** How to open `database` and a `journal` in Redis. */
  readonly redis?: RedisStore | undefined;
  /** The database or another store of the purge journal and the switch, in place of `database`. */
  readonly journal?: RedisAddress | JournalMaker | undefined;
  /** Opens the store of reports and hot keys, in place of `database`. */
  readonly openReports?: MakeReportStore | undefined;
  /** For tests and benchmarks; may change in any release. */
  readonly factories?: CacheFactories | undefined;
}

/** The parts that all tiers of an isolate share. */
export type Core = ReturnType<typeof openCore> & { readonly records: MakeTier | undefined };

/**
 * A core with tiers for one form of record.
 *
 * @typeParam Detail the additional metadata of the records
 */
export type TieredCache<Detail> = ReturnType<typeof createCache<Detail>>;

interface GivenTiers {
  /** The shared tier in place of Redis. */
  readonly records?: MakeTier | undefined;
  /** Adds a store of large bodies to the shared tier of pages. */
  readonly withBodies?: ((make: MakeTier) => MakeTier) | undefined;
}

type CoreConfig = Pick<
  Config,
  "namespace" | "limits" | "purge" | "reportsMetrics" | "routes" | "anywhere"
>;

/**
 * Creates a core, which requires only Web standards, and nothing specific to Workers.
 *
 * @param config a configuration from `defineConfig`. Of its routes, only `settleSeconds` counts
 * @param form defines how the tiers check and measure a record's detail
 * @param platform.redis `upstash().redis`, which a `database` needs
 * @param given.memoryShares the number of memory tiers that share `limits.memoryBytes`: 2 if a data
 *   cache will use this core
 * @throws OperatorError for a database without the code of Redis
 */
export function createCache<Detail>(
  config: CoreConfig,
  platform: CachePlatform,
  form: RecordForm<Detail>,
  { memoryShares = 1, ...given }: { memoryShares?: number } & GivenTiers = {},
) {
  const core = { ...openCore(config, platform, memoryShares), records: given.records };
  return { ...core, ...tiersOver(core, form, given) };
}

/** Adds tiers for data to a core. All other parts are shared. */
export function createBeside<Detail>(core: Core, form: RecordForm<Detail>): TieredCache<Detail> {
  const { records } = core;
  return { ...core, ...tiersOver(core, form, { records }) };
}

function openCore(config: CoreConfig, platform: CachePlatform, memoryShares: number) {
  const { namespace, limits, purge } = config;
  const { database, journal, nowAtMs, log, redis: store, factories } = platform;
  const make: CacheFactories & typeof defaults = { ...defaults, ...factories };
  const metrics = make.metrics(nowAtMs());
  const client = make.redis ?? store?.client;
  if (database !== undefined && client === undefined) throw noClient();
  const tell = logOf("shared-tier", log);
  const redis = database && client?.({ ...database, nowAtMs, metrics, tell });
  const measured = redis && { redis, limitBytes: limits.databaseBytes, nowAtMs, tell };
  const room = measured && store?.room(measured, namespace, journal === undefined);
  const onSpread = (tookMs: number) => {
    metrics.took("purgeSpread", [metrics.colo], tookMs);
    gauges.lagged(tookMs);
  };
  const watched = { ...platform, makeView: make.view, onSpread, metrics };
  const at = journal ?? database;
  const isApart = journal !== undefined;
  const open = typeof at === "function" ? at : at && store?.journalAt(at, isApart, make.journal);
  const purging = open?.({ namespace, purge }, watched);
  // Without a store, only Workers of the same zone can read the records, so they need no secret.
  const secret = purging?.secret ?? "";
  const nameSecret = new NameSecret(namespace, secret);
  const run = (work: () => Promise<void>): Promise<void> =>
    work().catch((cause: unknown) => {
      metrics.add("backgroundFailures");
      const message = `Background work failed with ${describedError(cause)}`;
      log({ event: "background-failed", level: "error", message });
    });
  const memories: { readonly bytes: number; readonly count: number }[] = [];
  const gauges = new IsolateGauges({ memories, viewReadAtMs: () => purging?.view.tail.sentAtMs });
  const reported = { config, metrics, gauges: gauges.taken.bind(gauges) };
  const reporting = reportsOver(reported, platform);
  return {
    settings: { config, platform },
    /** The factories of tiers and clients. */
    make,
    nameSecret,
    memories,
    /** The limit of each memory tier. */
    memoryBytesMax: limits.memoryBytes / memoryShares,
    /** The client of the shared tier's database; `undefined` without one. */
    redis,
    /** The free space of the shared tier's database; `undefined` without a database. */
    room,
    /** The journal, its view and the acceptance of purges; `undefined` without a store for it. */
    purging,
    /** Why purges are refused, without a journal. */
    whyNoJournal: whyNoJournal(platform.unusable),
    /** The view of the purge journal; a view without purges if there is no journal. */
    view: purging?.view ?? noJournal,
    /** Limits the memory of all bodies in transfer, in addition to the memory of the tiers. */
    fillBudget: new ByteBudget(limits.memoryBytes / 2, nowAtMs, () =>
      metrics.add("disconnectedClients"),
    ),
    metrics,
    gauges,
    ...reporting,
    /**
     * Runs the cron trigger once: folds reports, checks the database's free space, and renews the
     * view, so that an isolate without requests notices a loss of entries.
     */
    runCron: async () =>
      void (await Promise.all([reporting.reports.runCron(), room?.runCron(), purging?.runCron()])),
    /** Reports the counts of this isolate in the background. */
    report: reporting.reports.report,
    /** Runs background work. Never rejects: failures are counted and logged. */
    run,
    /** Returns a function that starts background work and registers it with `waitUntil`. */
    behind: (background: Background) => (work: () => Promise<void>) =>
      background.waitUntil(run(work)),
  };
}

/** Opens the reports of an isolate, and their store, if the Worker names one. */
function reportsOver(reported: ReportsSettings, platform: CachePlatform) {
  const { createReports: create, openReports, nowAtMs, log } = platform;
  const { config, metrics } = reported;
  const tell = logOf("metrics", log);
  const store = create && openReports?.({ namespace: config.namespace, nowAtMs, metrics, tell });
  const reports = create?.(reported, { ...platform, stream: store?.stream });
  return {
    /** Reports of counts from all isolates, and their totals. */
    reports: reports ?? noReports(withoutOperate),
    /** The health of the store of reports; `undefined` if it has no client of its own. */
    reportsHealth: store?.stream.health,
    /** The lists of hot keys in the store of reports; `undefined` without such a store. */
    hotKeys: store?.hotKeys,
  };
}

function whyNoJournal(unusable: Fault | undefined): Reason {
  if (unusable !== undefined) {
    return { why: `No journal is usable: ${unusable.why}`, hint: unusable.hint };
  }
  const hint =
    "Pass stores, such as durableObjects(), or redis(connection) on Node. upstash() also needs UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN, on your machine in .dev.vars.";
  return { why: "No journal is configured.", hint };
}

function noClient(): OperatorError {
  return new OperatorError({
    what: "The cache does not start.",
    why: "It has a database, but no code of Redis.",
    hint: "Also pass redis: upstash().redis of tidemark/upstash.",
  });
}

const withoutOperate = {
  why: "This Worker has no reports.",
  hint: "Add operate() of tidemark/operate to `parts`.",
};

/** Creates the tiers and locks for one form of record. */
function tiersOver<Detail>(
  core: Core,
  form: RecordForm<Detail>,
  { records: makeRecords, withBodies = (make) => make }: GivenTiers,
) {
  const { redis, room, metrics, fillBudget, memories, memoryBytesMax } = core;
  const { config, platform } = core.settings;
  const { namespace, limits } = config;
  const { cache, nowAtMs, log } = platform;
  const onBadRecord = () => metrics.add("badRecords");
  const memory = core.make.memory({
    bytesMax: memoryBytesMax,
    form,
    onRelease: (body) => fillBudget.countFromNow(body),
    onEvicted: () => metrics.add("evictions", ["memory"]),
  });
  memories.push(memory);
  const onBodyCall = (call: BodyCall) => metrics.add("bodyCalls", [call]);
  const { objectBytes, sharedBodyBytes: bodyBytesMax } = limits;
  const ofAny = { form, namespace, nowAtMs, onBadRecord, onBodyCall, log, objectBytes, metrics };
  const cacheApi = cache && new EdgeTier({ ...ofAny, cache, tell: logOf("edge-tier", log) });
  const { redis: store, database, journal } = platform;
  const isBesideJournal = journal === undefined && database?.isCluster !== true;
  const own = redis && { redis, room, bodyBytesMax, uploadBytesMax: memoryBytesMax / 4 };
  const inRedis: MakeTier | undefined =
    own && store && ((settings) => store.records({ ...settings, ...own }, isBesideJournal));
  const make = makeRecords ?? inRedis;
  const shared = make && withBodies(make)(ofAny);
  const below = [cacheApi, shared].filter((tier) => tier !== undefined);
  return {
    tiers: new TierStack<Detail>(memory, below),
    /** The edge tier; `undefined` on a platform without a Cache API. */
    cacheApi,
    originSlots: new KeyedSemaphore(),
    releasedSlots: new KeyedSemaphore({ openMax: 200, placeMsMax: 10_000 }),
    restSlots: new KeyedSemaphore({ openMax: 2, placeMsMax: 10_000 }),
    /** The locks on loads that all colos share; `undefined` without a shared tier. */
    locks: shared?.locks,
  };
}
