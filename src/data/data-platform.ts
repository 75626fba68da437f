// The platform of a cache for data: settings of the application, with defaults for this runtime. Also
// compares them with the settings of a Worker's pages, whose core the cache may use.
import { guarded } from "../base/guarded.ts";
import type { Config } from "../config/config.ts";
import { refuseUnknown } from "../base/known-members.ts";
import { bindStores, storeNames, type Stores } from "../compose/bind-stores.ts";
import type { CachePlatform } from "../compose/create-cache.ts";
import type { Log } from "../observe/log-line.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import { type Env, textOf, namespaceOf, siteHostsOf } from "../protocol/variables/bindings.ts";
import { databasesOf, idleDatabases } from "../protocol/variables/database.ts";
import { platformOfData } from "../platform/workers.ts";
import type { OnDataEvent } from "./value/events.ts";
import type { Pages } from "../compose/data-beside-pages.ts";
import type { RedisAddress } from "../remote/redis/address.ts";

/** All members are optional. Without them, the cache uses the platform of its pages, or only memory. */
export interface DataPlatform extends Partial<CachePlatform> {
  /**
   * Variables of the Worker or process. The cache reads those of the databases, `NAMESPACE`, `SITE_HOST` and `COLO`.
   * Default: those of the pages beside it.
   * @see docs/configuration.md#variables
   */
  readonly env?: object | undefined;
  /**
   * Receives background work, which Workers otherwise may cut off. On Workers, pass `waitUntil` of
   * `cloudflare:workers`.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /**
   * A host of the site. Cache API keys are URLs on this host. Without any host, the cache does not use the Cache API.
   * Default: the first host of `SITE_HOST`, or of the pages.
   */
  readonly host?: string | undefined;
  /**
   * Returns the name of the colo. Without one, rule 7 (b) trusts only values that this isolate has loaded. Default:
   * the variable `COLO`, or the colo of the pages.
   */
  readonly colo?: (() => string) | undefined;
  /**
   * The stores of a cache without pages, such as `upstash()`. Beside pages, theirs apply. Default: memory and the
   * Cache API, and purges are refused.
   * @see docs/stores.md#which-stores
   */
  readonly stores?: Stores | undefined;
  /**
   * Receives hits, misses, loads, writes, errors and purges of this cache, such as for OpenTelemetry.
   * @see docs/data.md#events
   */
  readonly onEvent?: OnDataEvent | undefined;
}

export const platformNames = [
  "env",
  "waitUntil",
  "host",
  "colo",
  "stores",
  "onEvent",
  "cache",
  "nowAtMs",
  "aheadMs",
  "random",
  "log",
  "isServer",
  "database",
  "redis",
  "journal",
  "openReports",
  "createReports",
  "factories",
] as const satisfies readonly (keyof DataPlatform)[];

/** A validated platform. */
export type DataSettings = ReturnType<typeof settingsOf>;

/** Ignores failures of the application's log, which could end a load or a Node process, and cannot be logged. */
export function neverThrowing(log: Log): Log {
  return (line) =>
    guarded(
      () => log(line),
      () => undefined,
    );
}

/**
 * Validates the platform.
 *
 * @throws OperatorError for an invalid variable
 */
export function settingsOf(
  config: Config,
  { env = {}, waitUntil, stores = {}, ...given }: DataPlatform,
) {
  refuseUnknown(stores, storeNames, "`stores`");
  const variables = env as Env;
  const here = platformOfData();
  const log = neverThrowing(given.log ?? here.log);
  const faults: Fault[] = [];
  // A caller that passes a database, or `undefined` in its place, also passes the journal's database.
  const isGiven =
    "database" in given || stores.redis === undefined || stores.databases !== undefined;
  const read = isGiven
    ? { redis: given.database, journal: given.journal }
    : databasesOf(variables, faults);
  if (isFault(read.redis)) faults.push(read.redis);
  const { environment, makers, journal } = bindStores({ ...read, faults }, stores, variables);
  const { redis: named } = environment;
  const database = isFault(named) ? undefined : named;
  const host = given.host ?? siteHostsOf(variables)[0];
  const cache = host === undefined ? undefined : (given.cache ?? here.cache);
  const colo = textOf(variables, "COLO");
  const namespace = namespaceOf(variables) ?? config.namespace;
  const { limits, purge, routes, anywhere } = config;
  return {
    platform: {
      nowAtMs: given.nowAtMs ?? here.nowAtMs,
      aheadMs: given.nowAtMs === undefined ? here.aheadMs : given.aheadMs,
      random: given.random ?? here.random,
      log,
      ...(cache && { cache }),
      ...(database && { database }),
      unusable: makers.unusable,
      redis: stores.redis,
      ...(journal && { journal }),
      factories: given.factories,
    } satisfies CachePlatform as CachePlatform,
    // Only pages send reports, which include the counts of data. Data without pages has `stats()`.
    config: {
      namespace,
      limits,
      purge,
      routes,
      anywhere,
      reportsMetrics: false,
    },
    host,
    records: makers.records,
    /** The reasons why stores are off. The creation of the cache logs them. */
    faults: environment.faults,
    /** Whether a journal can accept purges. */
    hasJournal: !isFault(named) && (named ?? journal) !== undefined,
    /** The variables without effect, unless pages use them. */
    idle:
      isGiven && given.database === undefined
        ? idleDatabases(variables, stores.databases?.(variables))
        : [],
    /** Whether the application has asked for a cache that no other process shares. */
    isAlone: false as boolean,
    colo: given.colo ?? (colo === undefined ? undefined : () => colo),
    waitUntil: waitUntil ?? (() => undefined),
    onEvent: given.onEvent,
    given,
  };
}

const apart = "The data cache does not share the pages' core: it reads the purge journal itself.";

export const inUse: Fault = {
  what: apart,
  why: "It was used before the Worker started, or another Worker of this isolate uses it.",
  hint: "Use it for the first time while a request is answered, and pass it to one Worker only.",
};

const otherDatabase: Fault = {
  what: apart,
  why: "It has another database or another namespace than the pages.",
  hint: "Create it with the configuration and the variables of the Worker.",
};

/** Returns a fault if data cannot share the pages' core: its database, journal or namespace differs. */
export function whyApart(
  { platform, config, isAlone }: DataSettings,
  { core }: Pages,
): Fault | undefined {
  const { database, journal } = platform;
  if (isAlone && core.purging?.reach !== "process") return otherDatabase;
  if (database === undefined) return undefined;
  const { database: ofPages, journal: journalOfPages } = core.settings.platform;
  // A store in code is only given to pages, and serves data as well.
  const isInCode = typeof journalOfPages === "function";
  const [own, theirs] = [journal, journalOfPages].map(addressOf);
  const isSame =
    database.url === ofPages?.url &&
    database.token === ofPages.token &&
    database.transport === ofPages.transport &&
    (isInCode || (own?.url === theirs?.url && own?.transport === theirs?.transport)) &&
    config.namespace === core.settings.config.namespace;
  return isSame ? undefined : otherDatabase;
}

function addressOf(journal: CachePlatform["journal"]): RedisAddress | undefined {
  return typeof journal === "object" ? journal : undefined;
}

/** Returns the fault of the options that differ from those of the pages, whose core the data cache uses. */
export function idleBeside(
  { given, config }: DataSettings,
  { core: { settings } }: Pages,
): Fault | undefined {
  const ofCore = (["cache", "log"] as const).filter(
    (name) => given[name] !== undefined && given[name] !== settings.platform[name],
  );
  const ofConfig = (["limits", "purge"] as const).filter(
    (name) => JSON.stringify(config[name]) !== JSON.stringify(settings.config[name]),
  );
  const idle = [...ofCore, ...ofConfig];
  if (idle.length === 0) return undefined;
  return {
    what: `Options of the data cache have no effect: ${idle.join(", ")}.`,
    why: "The data cache uses the stores, limits and log of the Worker's pages.",
    hint: "Create it with the configuration of the Worker, and set these options for the Worker.",
  };
}
