// The core of an isolate: its tiers, its view of the purge journal, and what keeps many from asking
// for the same at once. It knows no origin and no request; an application's own data can use it alone, or
// beside pages.
import { FewAtOnce } from "./cache/few-at-once.ts";
import { RedisLeases } from "./stores/redis/redis-leases.ts";
import { EdgeTier } from "./stores/cache-api/edge-tier.ts";
import { MemoryTier, type MemoryTierSettings } from "./stores/memory/memory-tier.ts";
import type { RecordForm } from "./cache/tiers/record-form.ts";
import { SharedTier } from "./stores/redis/shared-tier.ts";
import type { MakeTier } from "./cache/tiers/tier-in-code.ts";
import { TierStack } from "./cache/tiers/tier-stack.ts";
import type { Config } from "./config/config.ts";
import { errorName, firstFrame } from "./base/error-name.ts";
import { logOf } from "./observe/log-line.ts";
import { Metrics } from "./observe/metrics.ts";
import type { Background, Platform } from "./platform/platform.ts";
import { ByteBudget } from "./cache/byte-budget.ts";
import { createPurging, type PurgingParts } from "./create-purging.ts";
import { noJournal } from "./purge/view/view.ts";
import { ballastKeyOf, DatabaseRoom } from "./redis/database-room.ts";
import type { RedisAddress } from "./redis/open-client.ts";
import { RedisClient } from "./redis/redis-client.ts";
import type { RedisSettings } from "./redis/redis-settings.ts";
import { journalWords } from "./redis/trouble.ts";
import { areReportsOn, createReports } from "./reports/create-reports.ts";
import type { Dataset } from "./reports/data-points.ts";
import { IsolateGauges } from "./reports/isolate-gauges.ts";

/** Makers of parts. Each is given the settings that the default maker gets; absent, the default is used. */
export interface CacheParts extends PurgingParts {
  readonly memory?: <Detail>(settings: MemoryTierSettings<Detail>) => MemoryTier<Detail>;
  /** The client of the shared tier. */
  readonly redis?: (settings: RedisSettings) => RedisClient;
  readonly metrics?: (sinceAtMs: number, isReported: boolean) => Metrics;
}

type Makers = Required<Omit<CacheParts, keyof PurgingParts>>;

const defaults: Makers = {
  memory: (settings) => new MemoryTier(settings),
  redis: (settings) => new RedisClient(settings),
  metrics: (...settings) => new Metrics(...settings),
};

/** What the core needs of a platform. */
export interface CachePlatform extends Pick<Platform, "cache" | "nowAtMs" | "random" | "log"> {
  /** Holds the shared tier and the purge journal; without it there is neither, and no purge. */
  readonly database?: RedisAddress | undefined;
  /** Holds the purge journal and the switch in the place of `database`. */
  readonly journal?: RedisAddress | undefined;
  /** Of Analytics Engine: gets reports of what is counted, in the place of the database. */
  readonly dataset?: Dataset | undefined;
  /** For tests and benches; any release may change it. */
  readonly parts?: CacheParts | undefined;
}

/** What an isolate has once, whatever its tiers hold. */
export type Core = ReturnType<typeof openCore>;

/**
 * Lives as long as its isolate.
 *
 * @typeParam Detail what its records know beside what any record does
 */
export type TieredCache<Detail> = ReturnType<typeof createCache<Detail>>;

type CoreConfig = Pick<Config, "namespace" | "limits" | "purge" | "metrics">;

/**
 * Makes a core. It needs nothing of Workers beyond Web standards.
 *
 * @param config from `defineConfig`; its routes and origins are not looked at
 * @param form   what the tiers ask of a record's detail
 * @param given.memoryShares among how many memory tiers `limits.memoryBytes` is divided: 2 where data is to
 *   stand beside it
 * @param given.tiers        beside memory, the Cache API and Redis
 */
export function createCache<Detail>(
  config: CoreConfig,
  platform: CachePlatform,
  form: RecordForm<Detail>,
  { memoryShares = 1, tiers = [] }: { memoryShares?: number; tiers?: readonly MakeTier[] } = {},
) {
  const core = openCore(config, platform, memoryShares);
  return { ...core, ...tiersOver(core, form, tiers) };
}

/** Puts tiers for records of another form over a core: all else is the core's, and so the same for both. */
export function createBeside<Detail>(core: Core, form: RecordForm<Detail>): TieredCache<Detail> {
  return { ...core, ...tiersOver(core, form) };
}

function openCore(config: CoreConfig, platform: CachePlatform, memoryShares: number) {
  const { namespace, limits, purge } = config;
  const { database, journal, nowAtMs, log } = platform;
  const make = { ...defaults, ...platform.parts };
  const metrics = make.metrics(nowAtMs(), areReportsOn(config, platform));
  const redis =
    database && make.redis({ ...database, nowAtMs, metrics, tell: logOf("shared-tier", log) });
  const ballastKey = journal === undefined ? ballastKeyOf(namespace) : undefined;
  const room =
    redis && new DatabaseRoom({ redis, limitBytes: limits.databaseBytes, ballastKey, nowAtMs });
  const listenerFailed = () => metrics.add("backgroundFailures");
  const onSpread = (tookMs: number) => {
    metrics.took("purgeSpread", [metrics.colo], tookMs);
    gauges.lagged(tookMs);
  };
  const watched = { ...platform, listenerFailed, onSpread, metrics };
  const own = journal && { words: journalWords, ...journal };
  const purging = database && createPurging({ namespace, purge }, own ?? database, watched);
  const run = (work: () => Promise<void>): Promise<void> =>
    work().catch((cause: unknown) => {
      metrics.add("backgroundFailures");
      const message = `Background work failed with ${errorName(cause)}: ${firstFrame(cause)}`;
      log({ event: "background-failed", level: "error", message });
    });
  const memories = new Memories();
  const gauges = new IsolateGauges({
    memory: memories,
    viewReadAtMs: () => purging?.view.sentAtMs,
  });
  const told = { config, metrics, gauges: (atMs: number) => gauges.taken(atMs) };
  const reports = createReports(told, platform);
  return {
    /** What it was made with. */
    settings: { config, platform },
    /** Makers of its parts. */
    make,
    /** All memory tiers over it. */
    memories,
    /** Of each of them. */
    memoryBytesMax: limits.memoryBytes / memoryShares,
    /** The shared tier's; `undefined` without a database. */
    redis,
    /** How full the shared tier's database is; `undefined` without one. */
    room,
    /** `undefined` without a database. */
    purging,
    /** Tells nothing of purges where there is no journal. */
    view: purging?.view ?? noJournal,
    /** What all bodies on their way may hold together: `limits.memoryBytes`, beside the memory tiers. */
    fillBudget: new ByteBudget(limits.memoryBytes),
    metrics,
    /** What isolates tell of their counts, and what that comes to. */
    reports,
    /** One run of the cron trigger: folds reports, and looks after the room. */
    runCron: async () => void (await Promise.all([reports.runCron(), room?.runCron()])),
    /** Tells what was counted, behind an answer. */
    report: reports.report,
    /** Runs work that no answer waits for. Never rejects: a failure is counted and logged. */
    run,
    /** Makes a function that starts such work and tells the runtime of it. */
    behind: (background: Background) => (work: () => Promise<void>) =>
      background.waitUntil(run(work)),
  };
}

/** What belongs to records of one form. */
function tiersOver<Detail>(core: Core, form: RecordForm<Detail>, given: readonly MakeTier[] = []) {
  const { redis, room, metrics, fillBudget, memories, memoryBytesMax } = core;
  const { config, platform } = core.settings;
  const { namespace, limits } = config;
  const { cache, nowAtMs, log } = platform;
  const onBadRecord = () => metrics.add("badRecords");
  const memory = core.make.memory({
    bytesMax: memoryBytesMax,
    form,
    onLetGo: (body) => fillBudget.countFromNow(body),
    onEvicted: () => metrics.add("evictions", ["memory"]),
  });
  memories.add(memory);
  const ofAny = { form, namespace, nowAtMs, onBadRecord };
  const cacheApi = cache && new EdgeTier({ ...ofAny, cache, tell: logOf("edge-tier", log) });
  const { sharedBodyBytes: bodyBytesMax } = limits;
  const shared =
    redis &&
    new SharedTier({ ...ofAny, redis, room, bodyBytesMax, uploadBytesMax: memoryBytesMax });
  const others = given.map((make) => make({ ...ofAny, log }));
  const below = [cacheApi, ...others, shared].filter((tier) => tier !== undefined);
  return {
    tiers: new TierStack<Detail>(memory, below),
    /** `undefined` on a platform without a Cache API. */
    cacheApi,
    fewAtOnce: new FewAtOnce(),
    /** Rights to load that hold in all colos; `undefined` without a database. */
    leases:
      redis && new RedisLeases({ redis, namespace, form, randomText: () => crypto.randomUUID() }),
  };
}

/** What memory tiers hold together. */
class Memories {
  readonly #tiers: { readonly bytes: number; readonly count: number }[] = [];

  add(tier: { readonly bytes: number; readonly count: number }): void {
    this.#tiers.push(tier);
  }

  get bytes(): number {
    return this.#tiers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get count(): number {
    return this.#tiers.reduce((sum, { count }) => sum + count, 0);
  }
}
