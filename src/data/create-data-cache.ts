// Assembles a cache for an application's data: a core whose records hold values, with loads, purges and counts.
import { snapshotOf } from "../observe/snapshot.ts";
import { refuseUnknown } from "../base/known-members.ts";
import { randomText } from "../purge/create-purging.ts";
import type { RemoteHealth } from "../remote/store-health.ts";
import { BoundedMarks } from "../base/bounded-map.ts";
import { KeyedSemaphore } from "../cache/keyed-semaphore.ts";
import { Flights } from "../cache/flights.ts";
import { TierStack } from "../cache/tiers/tier-stack.ts";
import { type Config, configOf } from "../config/config.ts";
import { createBeside, createCache } from "../compose/create-cache.ts";
import { type Fault, faultText } from "../base/operator-error.ts";
import {
  type DataBesidePages,
  makeKnown,
  type Pages,
  type PortsOfSets,
} from "../compose/data-beside-pages.ts";
import {
  type DataPlatform,
  type DataSettings,
  platformNames,
  settingsOf,
  idleBeside,
  inUse,
  whyApart,
} from "./data-platform.ts";
import { EventListener } from "./value/events.ts";
import { HashStore } from "./fields/hash-store.ts";
import { keepLoaded, warmKeys, whyNotWarmed } from "./keep-loaded.ts";
import { DataCounts } from "./load/data-counts.ts";
import type { GivenStart } from "./load/make-record.ts";
import { StoreOrder } from "./load/data-ports.ts";
import { Reads } from "./load/reads.ts";
import { runReading } from "./load/waits.ts";
import { started } from "./lookup-for-caller.ts";
import { type Namespace, type NamespacePorts, Namespaces } from "./namespace.ts";
import { type DataPurge, orderPurges, purgeNamed, type PurgeReceipt } from "./purge-data.ts";
import { type DataDetail, dataForm } from "./value/data-record.ts";
import type { Key } from "./value/data-key.ts";
import type { NamespaceOptions } from "./value/space.ts";
import { UnpurgedWrites } from "./write/unpurged-writes.ts";

/** Counts since this isolate started, by namespace, and the last trouble of each dependency. */
export type DataStats = ReturnType<ReturnType<typeof open>["stats"]>;

/** An application's cache. It lives as long as its isolate or process. */
export interface DataCache {
  /**
   * Creates a namespace, or returns the existing one of this name if it has the same options. The
   * first form has no `null`: neither stored, nor from a load of the namespace.
   *
   * @param name begins all keys of the namespace
   * @throws OperatorError for an invalid name or option, and for a name that already has other
   *   options
   */
  namespace<T, K extends Key = Key>(
    name: string,
    options: NamespaceOptions<T, K, never> & {
      readonly negative?: undefined;
      readonly missing?: "error" | undefined;
    },
  ): Namespace<T, K, never>;
  namespace<T, K extends Key = Key>(name: string, options: NamespaceOptions<T, K>): Namespace<T, K>;
  /**
   * Resolves when the journal has accepted the purge. The purge takes effect here at once, and
   * everywhere within `purge.visibleWithinSeconds`.
   */
  purge(order: DataPurge): Promise<PurgeReceipt>;
  /** Returns the start of loads, of any keys, that begin at this call or later, for `set`. */
  start(): Promise<GivenStart>;
  /** Returns the counts of this isolate, and the last trouble of each dependency. */
  stats(): DataStats;
  /**
   * Runs the cron work: loads each of a namespace's `keys` that is missing or at least `refresh` old,
   * and flushes the counters and buffers of `writeBehind`. Without pages, also checks the database's
   * free space. A Worker with this cache calls it automatically. Never rejects.
   */
  runCron(): Promise<void>;
}

/**
 * Creates a cache for data. The cache uses no network before its first use, so a module may create it at load
 * time.
 *
 * @param config from `defineConfig`, the same as for pages, so that one purge applies to both. A plain object is
 *   validated here
 * @throws OperatorError for an invalid configuration or variable
 * @example
 * const cache = createDataCache(config, { env, waitUntil });
 * const articles = cache.namespace<Article>("articles", { fresh: "5m", stale: "1h" });
 */
export function createDataCache(config: Config, platform: DataPlatform = {}): DataCache {
  refuseUnknown(platform, platformNames, "createDataCache(config, …)");
  return dataCacheOf(settingsOf(configOf(config), platform));
}

/** Creates a cache with validated settings. */
export function dataCacheOf(settings: DataSettings): DataCache {
  logFaults(settings.faults, settings);
  let pages: Pages | undefined;
  let made: ReturnType<typeof open> | undefined;
  const opened = () => {
    if (made !== undefined) return made;
    made = open(settings, pages);
    // Pages count the data from their start, before its first use.
    if (pages === undefined) made.core.metrics.include(parts.taken);
    return made;
  };
  let hasForeignReads = false;
  const onForeign = () => {
    if (!hasForeignReads) logFaults([foreignReads], settings);
    hasForeignReads = true;
  };
  const namespaces = new Namespaces(() => opened().ports);
  const { spaces } = namespaces;
  const keptLoaded = () => [...spaces.values()].filter(({ keys }) => keys !== undefined);
  const cache: DataCache = {
    namespace: <T, K extends Key>(name: string, options: NamespaceOptions<T, K>) =>
      namespaces.open(name, options),
    purge: async (order) =>
      purgeNamed(order, { ...opened().ports, spaces, pages: pages?.purges() }),
    start: async () => started(opened().ports),
    stats: () => opened().stats(),
    async runCron() {
      const flushed = parts.sets?.runCron();
      // If there are pages, the pages' cron run checks the database's free space.
      if (pages === undefined) await opened().room?.runCron();
      if (keptLoaded().length > 0) await keepLoaded(keptLoaded(), opened().ports);
      await flushed;
    },
  };
  const parts: DataBesidePages = {
    join(given) {
      if (made !== undefined || pages !== undefined) return inUse;
      const fault = whyApart(settings, given);
      if (fault !== undefined) return fault;
      pages = given;
      return idleBeside(settings, given);
    },
    collect: (work) =>
      pages === undefined ? work() : runReading(new Reads(pages.core.view, onForeign), work),
    runCron: () => cache.runCron(),
    taken: () => new Map([...opened().counts.taken(), ...(parts.sets?.taken() ?? [])]),
    core: () => made?.core ?? pages?.core,
    settings,
    stats: () => ({ ...opened().ofData(), sets: parts.sets?.stats() ?? {} }),
    troubles: () => ({ ...opened().troubles(), sets: parts.sets?.troubles() ?? new Map() }),
    needsCron: () => parts.sets !== undefined || keptLoaded().length > 0,
    stored: () => opened().ports.tiers.memory.stored(),
    warming: {
      whyNot: (namespace, keys) => whyNotWarmed(namespace, keys, spaces),
      async load(namespace, keys) {
        const space = spaces.get(namespace);
        return space === undefined ? [] : warmKeys(space, keys, opened().ports);
      },
    },
    sets: undefined,
    portsOfSets: () => opened().portsOfSets,
  };
  makeKnown(cache, parts);
  return cache;
}

const foreignReads: Fault = {
  what: "A page has the value of a data cache that is not its Worker's.",
  why: "The page gets no tags of such values, so no purge of them covers it.",
  hint: "Pass this cache as `data` of the Worker, and use only one. Or tag the page in its handler.",
};

function open(settings: DataSettings, pages: Pages | undefined) {
  const core = coreOf(settings, pages);
  const { metrics, redis, room, purging, view, locks } = core;
  const { platform, config } = core.settings;
  const { namespace, limits, purge } = config;
  // Without a host, there is no edge tier. Only copies of the purge view may use this invalid host.
  const host = settings.host ?? pages?.siteHost ?? pages?.seenHost() ?? "data.invalid";
  const isAlone = purging?.reach === "process";
  // Rule 7 (b) compares times of one clock. An isolate without a known colo trusts only its own
  // loads, because no other clock timed them. One process trusts none, because its view is never old.
  const isolate = isAlone ? "" : randomText();
  const afterAnswer = core.behind(settings);
  const counts = new DataCounts(platform);
  const tiers = isAlone ? new MemoryAlone(core.tiers.memory, []) : core.tiers;
  const { nowAtMs, random, log } = platform;
  const ofHashes = { namespace, afterAnswer };
  const purgeOf = orderPurges({ ...core, nowAtMs, host, afterAnswer });
  const events = settings.onEvent && new EventListener(settings.onEvent, log);
  const unpurged = new UnpurgedWrites({ nowAtMs, log, afterAnswer, purge: purgeOf });
  const ofCore = { nowAtMs, random, afterAnswer, metrics, counts, host, tiers, locks, purging };
  // V8 reads the members of an object slowly that several spreads have made.
  const ports: NamespacePorts = {
    ...ofCore,
    view: unpurged.over(view),
    viewOfPurges: view,
    unpurged,
    holdOn: (place) => unpurged.holdOn(place),
    hashes: redis && new HashStore({ redis, room, ...ofHashes }),
    heads: new BoundedMarks<string>(undefined, (head) => head),
    randomText,
    colo: settings.colo ?? (pages === undefined ? () => isolate : () => metrics.colo || isolate),
    maxLagMs: purge.visibleWithinSeconds * 1_000,
    allowanceMs: purge.allowanceMs,
    events,
    sharedBodyBytes: limits.sharedBodyBytes,
    flights: new Flights(),
    stores: new StoreOrder(),
    loadSlots: new KeyedSemaphore(),
    failures: new BoundedMarks<number>(),
    onBadRecord: () => metrics.add("badRecords"),
    purge: purgeOf,
  };
  const ofData = () => ({
    namespaces: counts.snapshot(),
    /** The number of written keys whose purge the journal has not accepted yet. */
    unpurged: { keys: unpurged.count, trouble: unpurged.trouble },
    /** The number of errors that `onEvent` threw. */
    listenerFailures: events?.failures ?? 0,
    memory: { bytes: core.tiers.memory.bytes, count: core.tiers.memory.count },
    edge: { trouble: core.cacheApi?.trouble },
  });
  const stats = () => {
    const { badRecords, failedBackgroundWork, purges } = snapshotOf(metrics);
    return {
      ...ofData(),
      badRecords,
      failedBackgroundWork,
      purges,
      redis: troublesOf(redis?.health),
      journal: { ...troublesOf(purging?.health), hints: purging?.hintsState },
    };
  };
  const troubles = () => ({
    unpurged: { keys: unpurged.count, trouble: unpurged.trouble },
    loads: counts.troubles(),
  });
  const { hasNeverConnected } = platform.database ?? {};
  const ofSets = { redis, hasNeverConnected, room, namespace };
  const portsOfSets: PortsOfSets = { ...ofSets, nowAtMs, randomText, afterAnswer, log };
  return { core, ports, counts, ofData, stats, troubles, portsOfSets, room };
}

/**
 * The tiers of a single process. Ignores the `tiers` of a namespace, because only memory exists.
 */
class MemoryAlone extends TierStack<DataDetail> {
  override of(): this {
    return this;
  }
}

/** Uses the pages' core if there are pages, so that pages and data read the journal once. */
function coreOf({ platform, config, host, records, idle }: DataSettings, pages: Pages | undefined) {
  if (pages === undefined) {
    logFaults(idle, { platform });
    return createCache(config, platform, dataForm, { records });
  }
  const core = createBeside(pages.core, dataForm);
  const hasHost = (host ?? pages.siteHost) !== undefined;
  return hasHost ? core : { ...core, tiers: core.tiers.withoutColo(), cacheApi: undefined };
}

function troublesOf(health: RemoteHealth | undefined) {
  return { trouble: health?.trouble, troubleWithWrites: health?.troubleWithWrites };
}

function logFaults(
  faults: readonly Fault[],
  { platform: { log } }: Pick<DataSettings, "platform">,
) {
  for (const fault of faults) log({ event: "fault", level: "warn", message: faultText(fault) });
}
