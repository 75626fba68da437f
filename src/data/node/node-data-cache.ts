// Creates an application's data cache on Node, which uses Upstash's REST interface or the
// application's own connection.
import { defineConfig } from "../../config/config.ts";
import type { WrittenConfig, WrittenLimits } from "../../config/written.ts";
import type { WrittenPurge } from "../../config/written-purge.ts";
import { type DataCache, dataCacheOf } from "../create-data-cache.ts";
import { type DataPlatform, settingsOf } from "../data-platform.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { context } from "../../platform/process-context.ts";
import { inProcess, redis as redisStores, type RedisOptions } from "../../node-stores.ts";
import type { GivenDatabase } from "../../remote/redis/connection/given-connection.ts";

/**
 * The cache's database and rules. A Worker with the same `namespace` and `purge` shares the cache's
 * journal, so one purge covers the Worker's pages and this data.
 */
export interface NodeCacheOptions
  extends
    RedisOptions,
    Pick<WrittenConfig, "namespace">,
    Pick<DataPlatform, "log" | "nowAtMs" | "random" | "factories" | "onEvent"> {
  /** The general options `purge.*`, except `purge.settleSeconds`: docs/reference/options.md#purge. */
  readonly purge?: Omit<WrittenPurge, "settleSeconds"> | undefined;
  /** The general options `limits.*`, except `bufferBytes` and `variants`: docs/reference/options.md#limits. */
  readonly limits?: Omit<WrittenLimits, "bufferBytes" | "variants"> | undefined;
  /**
   * A connection of ioredis or node-redis to a server or a cluster, which the application still owns, a `Redis` of
   * `@upstash/redis`, or `{ url, token }` of its REST interface. `"none"`: this process is the whole cache, with its
   * own memory and purges.
   */
  readonly redis: GivenDatabase | "none";
}

/**
 * Creates a cache for data. Uses no network before its first use.
 *
 * @throws OperatorError for an invalid address, connection or option
 * @example
 * const cache = createDataCache({ redis: new Redis("redis://127.0.0.1"), namespace: "shop" });
 * const articles = cache.namespace<Article>("articles", { fresh: "5m", stale: "1h" });
 */
export function createDataCache(given: NodeCacheOptions): DataCache {
  // A call without options has the error of a missing database.
  const { redis, journal, ...options } = { ...given };
  const { log, nowAtMs, random, factories, onEvent, ...rest } = options;
  refuseOptionsOfPages(options);
  const platform = { ...(log && { log }), ...(nowAtMs && { nowAtMs }), ...(random && { random }) };
  const isAlone = redis === "none";
  const settings = settingsOf(defineConfig(rest), {
    ...platform,
    factories,
    onEvent,
    waitUntil: (work) => context.waitUntil(work),
    stores: isAlone ? alone({ journal }) : redisStores(redis, { journal }),
  });
  return dataCacheOf({ ...settings, isAlone });
}

/** Returns the memory of this process as the stores. */
function alone({ journal }: RedisOptions) {
  if (journal !== undefined) throw lacksDatabase();
  return inProcess();
}

/** Refuses options that only pages have. The schema accepts them, as it is that of a Worker. */
function refuseOptionsOfPages({ purge, limits }: Pick<WrittenConfig, "purge" | "limits">): void {
  const ofPages = {
    "purge.settleSeconds": purge?.settleSeconds,
    "limits.bufferBytes": limits?.bufferBytes,
    "limits.variants": limits?.variants,
  };
  const idle = Object.entries(ofPages).flatMap(([name, value]) =>
    value === undefined ? [] : [`\`${name}\``],
  );
  if (idle.length === 0) return;
  throw new OperatorError({
    what: "An option of createDataCache has no effect.",
    why: `It applies only to pages: ${idle.join(", ")}.`,
    hint: "Remove it here. A Worker that shares the journal may keep it.",
  });
}

function lacksDatabase(): OperatorError {
  return new OperatorError({
    what: "The cache has no database.",
    why: '`redis` is "none", but `journal` names a database.',
    hint: "Remove `journal`, or set `redis` as well.",
  });
}
