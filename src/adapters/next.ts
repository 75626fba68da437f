// Exports of `tidemark/next`: a data cache as cacheHandlers and cacheHandler of Next.js. The file imports no
// package. Each value is stored with the start of its load, so a purge during the load covers the value.
// See docs/next.md.
import { BoundedMap } from "../base/bounded-map.ts";
import { refuseUnknown } from "../base/known-members.ts";
import { OperatorError } from "../base/operator-error.ts";
import type { DataCache } from "../data/create-data-cache.ts";
import { type DataDuration, msOf } from "../data/value/lifetime-text.ts";
import { NextPurges, RecentStarts, PendingStores } from "./next-shared.ts";
import {
  type NextBuild,
  RouteCache,
  type RouteCacheContext,
  type StoredRoute,
} from "./next-route-cache.ts";
import { type StoredEntry, useCacheHandler, type UseCacheHandler } from "./next-use-cache.ts";

export interface NextCacheOptions {
  /** The namespace of data for the values, not the `namespace` of `createDataCache`. Default: `"next"`. */
  readonly name?: string | undefined;
  /** The longest time that a value is fresh. Default: `"30d"`. */
  readonly fresh?: DataDuration | undefined;
  /**
   * How long a value may answer after a soft purge, such as `revalidateTag(tag, profile)`, while Next.js loads it
   * again. If it cannot be loaded by then, its pages have status 500. A profile with a shorter `expire` purges at
   * once. Default: `"1h"`.
   */
  readonly stale?: DataDuration | undefined;
  /** Receives the errors of values that are not stored, because Next.js shows none. Default: `console.error`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A class for cacheHandler, which is also an object for cacheHandlers. */
export type NextCache = UseCacheHandler & (new (context: RouteCacheContext) => RouteCache);

/** The number of keys that `res.revalidate` may name while their renders run. */
const onDemandMax = 5_000;

/**
 * Next.js bundles the application apart from the module of the cache, so they share only this global. With a `proxy`
 * file, it loads the module twice, and each of the two caches has values.
 */
const purgesSymbol: unique symbol = Symbol.for("tidemark/next");
const ofProcess = globalThis as { [purgesSymbol]?: Set<NextPurges> };

/**
 * Returns the default export of a module that cacheHandlers and cacheHandler in next.config name.
 *
 * @throws OperatorError for an invalid option, and for anything other than a data cache
 * @example
 * export default nextCache(createDataCache({ redis: new Redis(process.env.REDIS_URL, { lazyConnect: true }) }));
 */
export function nextCache(
  data: Pick<DataCache, "namespace" | "purge">,
  options: NextCacheOptions = {},
): NextCache {
  refuseUnknown(options, ["name", "fresh", "stale", "onError"], "nextCache(data, …)");
  if (typeof (data as Partial<DataCache> | undefined)?.namespace !== "function") throw noData();
  const { name = "next", fresh = "30d", stale = "1h", onError = console.error } = options;
  const starts = new RecentStarts();
  const purges = new NextPurges(data, msOf(stale));
  const pending = new PendingStores(onError);
  const shared = { purges, starts, freshMs: msOf(fresh), pending };
  const ofRoutes = {
    ...shared,
    namespace: data.namespace<StoredRoute>(name, { fresh, stale }),
    builds: new Map<string, NextBuild>(),
    onDemandAtMs: new BoundedMap<number>({ sizeMax: onDemandMax }),
  };
  const ofFunctions = { ...shared, namespace: data.namespace<StoredEntry>(name, { fresh, stale }) };
  (ofProcess[purgesSymbol] ??= new Set()).add(purges);
  class NextRouteCache extends RouteCache {
    constructor(context: RouteCacheContext) {
      super(ofRoutes, context);
    }
  }
  return Object.assign(NextRouteCache, useCacheHandler(ofFunctions));
}

/**
 * Purges tags, for route handlers such as webhooks. Resolves when the journal has accepted the purge. After `revalidateTag`
 * of Next.js, a route handler answers before that. Rejects in `register()` of instrumentation, before which Next.js has
 * loaded no cache.
 *
 * @param how.soft whether values may answer while they are loaded again. Default: `false`
 * @throws OperatorError if the purge is not accepted, and in a process without a cache of `nextCache`
 */
export async function purgeTags(
  tags: readonly string[],
  { soft = false }: { readonly soft?: boolean } = {},
): Promise<void> {
  const caches = ofProcess[purgesSymbol];
  if (caches === undefined) throw noCache();
  await Promise.all(Array.from(caches, (purges) => purges.purge(tags, soft ? {} : undefined)));
}

function noData(): OperatorError {
  return new OperatorError({
    what: "nextCache(data, …) has no data cache.",
    why: "Its first argument is not a result of createDataCache().",
    hint: "Pass createDataCache({ redis, namespace }) of tidemark/node.",
  });
}

function noCache(): OperatorError {
  return new OperatorError({
    what: "The purge was not accepted.",
    why: "This process of Next.js has no cache of nextCache() yet.",
    hint: "Set cacheHandlers or cacheHandler in next.config to a module that exports nextCache(...). In register() of instrumentation, before Next.js loads that module, call purge({ tags }) of a createDataCache(...) with the same redis and namespace.",
  });
}
