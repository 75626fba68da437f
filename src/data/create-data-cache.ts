// An application's data on the tiers of the cache, put together: the core with a form of its own for
// records, and what loads, purges and counts.
import { BoundedMarks } from "../cache/record/bounded-marks.ts";
import { Flights } from "../cache/flights.ts";
import type { Config, TierName } from "../config/config.ts";
import { type CachePlatform, createCache } from "../create-cache.ts";
import { faultText, isFault } from "../operator-error.ts";
import { type Env, textOf } from "../platform/bindings.ts";
import type { RedisAddress } from "../redis/open-client.ts";
import { databaseOf } from "../platform/database.ts";
import { namespaceOf, siteHostsOf } from "../platform/environment.ts";
import { platformHere } from "../platform/workers.ts";
import { HashStore } from "./fields/hash-store.ts";
import { DataCounts } from "./load/data-counts.ts";
import { StoreOrder } from "./load/store-order.ts";
import { Namespace, type NamespacePorts } from "./namespace.ts";
import { type DataPurge, orderPurges, type Purged, targetsIn } from "./purge-data.ts";
import { dataForm } from "./value/data-record.ts";
import type { Key } from "./value/key.ts";
import { type NamespaceOptions, spaceOf } from "./value/space.ts";
import { UnpurgedWrites } from "./write/unpurged-writes.ts";

/** Where the cache runs. All of it may be left out: then there is memory alone, and no purge. */
export interface DataPlatform extends Partial<CachePlatform> {
  /** Variables of the Worker or the process: the database, `NAMESPACE`, `SITE_HOST` and `COLO` are read. */
  readonly env?: object | undefined;
  /** Is told of what outlasts an answer: on Workers the function of `cloudflare:workers`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** A host of the site: the Cache API keeps values below it. Without one there is no edge tier. */
  readonly host?: string | undefined;
  /** Names the location. Unless it is known, values are trusted as loaded here in this isolate alone. */
  readonly colo?: (() => string) | undefined;
}

/** Counts since this isolate began, by namespace, and the last trouble of each thing outside. */
export type DataStats = ReturnType<ReturnType<typeof open>["stats"]>;

/** An application's cache; it lives as long as its isolate or process. */
export interface DataCache {
  /**
   * @param name begins all keys of the namespace
   * @throws OperatorError for a name or an option that is refused
   */
  namespace<T, K extends Key = Key>(name: string, options: NamespaceOptions<T, K>): Namespace<T, K>;
  /** Resolves once the journal has it: from then on it holds here, and everywhere within N seconds. */
  purge(order: DataPurge): Promise<Purged>;
  /** What this isolate has counted, and what is wrong with what it works with. */
  stats(): DataStats;
}

/**
 * Makes a cache for data. It asks for nothing before its first use, so that a module may hold it.
 *
 * @param config from `defineConfig`, the same as that of the pages: one purge then takes both
 * @throws OperatorError for a variable that is refused
 * @example
 * const cache = createDataCache(config, { env, waitUntil });
 * const articles = cache.namespace<Article>("articles", { fresh: "5m", stale: "1h" });
 */
export function createDataCache(config: Config, platform: DataPlatform = {}): DataCache {
  const settings = settingsOf(config, platform);
  let made: ReturnType<typeof open> | undefined;
  const opened = () => (made ??= open(config, settings));
  const { tiersHere } = settings;
  return {
    namespace: (name, options) =>
      new Namespace(spaceOf(name, options, tiersHere), () => opened().ports),
    purge: async ({ soft: isSoft = false, reason = "", ...named }) =>
      opened().ports.purge({ targets: targetsIn(named), isSoft, reason }),
    stats: () => opened().stats(),
  };
}

/** The platform, with what the variables say and what is here in the place of what is left out. */
function settingsOf({ namespace }: Config, { env = {}, waitUntil, ...given }: DataPlatform) {
  const variables = env as Env;
  const here = platformHere();
  const log = given.log ?? here.log;
  const named = given.database ?? databaseOf(variables);
  if (isFault(named)) {
    log({ event: "fault", level: "warn", message: faultText(named) });
  }
  const host = given.host ?? siteHostsOf(variables)[0];
  const cache = host === undefined ? undefined : (given.cache ?? here.cache);
  const database: RedisAddress | undefined = isFault(named) ? undefined : named;
  const tiersHere: TierName[] = ["memory"];
  if (cache !== undefined) tiersHere.push("edge");
  if (database !== undefined) tiersHere.push("shared");
  const colo = textOf(variables, "COLO");
  return {
    platform: {
      nowAtMs: given.nowAtMs ?? here.nowAtMs,
      random: given.random ?? here.random,
      log,
      ...(cache && { cache }),
      ...(database && { database }),
    } satisfies CachePlatform,
    namespace: namespaceOf(variables) ?? namespace,
    // Nothing asks for this one: no edge tier lies below it.
    host: host ?? "data.invalid",
    colo: given.colo ?? (colo === undefined ? undefined : () => colo),
    waitUntil: waitUntil ?? (() => undefined),
    tiersHere,
  };
}

function open(
  { limits, purge, metrics: reporting }: Config,
  settings: ReturnType<typeof settingsOf>,
) {
  const { platform, namespace, host, waitUntil } = settings;
  // Reports tell of pages: what data counts is in `stats()`.
  const unreported = { ...reporting, isOn: false };
  const core = createCache({ namespace, limits, purge, metrics: unreported }, platform, dataForm);
  const { metrics, redis, purging } = core;
  // An isolate has one clock, so what it has loaded itself is trusted as what its colo has loaded.
  const isolate = `isolate ${crypto.randomUUID()}`;
  const afterAnswer = core.behind({ waitUntil });
  const counts = new DataCounts(platform);
  const randomText = () => crypto.randomUUID();
  const mayResend = platform.database?.mayResend === true;
  const shared = { ...platform, ...core, host, afterAnswer, counts };
  const purgeOf = orderPurges(shared);
  const unpurged = new UnpurgedWrites({ ...shared, purge: purgeOf });
  const ports: NamespacePorts = {
    ...shared,
    view: unpurged.over(core.view),
    unpurged,
    isHeldBack: (place) => unpurged.holdsBack(place),
    hashes: redis && new HashStore({ redis, namespace, afterAnswer, randomText, mayResend }),
    heads: new BoundedMarks<string>(),
    randomText,
    colo: settings.colo ?? (() => isolate),
    maxLagMs: purge.visibleWithinSeconds * 1_000,
    sharedBodyBytes: limits.sharedBodyBytes,
    flights: new Flights(),
    stores: new StoreOrder(),
    failures: new BoundedMarks<number>(),
    onBadRecord: () => metrics.add("badRecords"),
    purge: purgeOf,
  };
  const stats = () => {
    const { badRecords, failedBackgroundWork, purges } = metrics.snapshot();
    return {
      namespaces: counts.snapshot(),
      badRecords,
      failedBackgroundWork,
      purges,
      /** Keys that were written, and whose purge the journal has yet to take. */
      unpurged: { keys: unpurged.count, trouble: unpurged.trouble },
      memory: { bytes: core.tiers.memory.bytes, count: core.tiers.memory.count },
      redis: { trouble: redis?.trouble, troubleWithWrites: redis?.troubleWithWrites },
      edge: { trouble: core.tiers.edge?.trouble },
      journal: {
        trouble: purging?.redis.trouble,
        troubleWithWrites: purging?.redis.troubleWithWrites,
      },
    };
  };
  return { ports, stats };
}
