// What `import … from "tidemark/hono"` offers: a Hono application of one's own as the origin.
import type { TierInCode } from "./cache/tiers/tier-in-code.ts";
import type { Config } from "./config/config.ts";
import type { DataCache } from "./data/create-data-cache.ts";
import { OperatorError } from "./base/operator-error.ts";
import { createWorker, type TidemarkWorker } from "./worker.ts";

/** An application of Hono, of whichever version: all that is asked of it is that it answers. */
export interface AnsweringApplication {
  fetch(request: Request, env: object, context: AppContext): Response | Promise<Response>;
}

type AppContext = Parameters<TidemarkWorker["fetch"]>[2];

/** What a Worker exports, and what a server of Node is given `fetch` of. */
export interface CachedApplication extends Omit<TidemarkWorker, "fetch"> {
  /** Without a context, as on Node, `env` is the server's word on one request and is left alone. */
  readonly fetch: (
    request: Request,
    env?: object,
    context?: AppContext,
  ) => Response | Promise<Response>;
}

/**
 * Puts the cache before an application. It is called anew, with a fresh context, for each fill, refresh
 * and probe. It sees what is keyed, and nothing else of one client that others might be answered with.
 *
 * @param config from `defineConfig`; an origin called `default` is the application
 * @param given.env the variables on Node, such as `process.env`; a Worker has its own bindings
 * @param given.data of `createDataCache`: it shares the journal, Redis and the cron trigger of the pages, and
 *   `withCache` hands it to handlers
 * @param given.tiers beside memory, the Cache API and Redis
 * @throws OperatorError for a configuration that is refused
 * @example
 * export default tidemark(app, defineConfig({ routes: [{ name: "all", match: "*", fresh: "5m" }] }));
 */
export function tidemark(
  app: AnsweringApplication,
  config: Config,
  given: {
    readonly env?: object;
    readonly data?: DataCache | undefined;
    readonly tiers?: readonly TierInCode[] | undefined;
  } = {},
): CachedApplication {
  let bindings = given.env ?? {};
  const { data, tiers } = given;
  const worker = createWorker(config, {
    data,
    tiers,
    origins: {
      default: (request, background) =>
        app.fetch(request, bindings, {
          waitUntil: (work) => background.waitUntil(work),
          passThroughOnException,
          props: {},
          [ofHandlers]: data,
        } as AppContext),
    },
  });
  return {
    fetch(request, env, context) {
      // A Worker's bindings are the same at each of its requests.
      if (given.env === undefined && context !== undefined) bindings = bindingsIn(env);
      return worker.fetch(request, bindings, context ?? unattended, env);
    },
    scheduled(event, env, background) {
      if (given.env === undefined) bindings = env;
      return worker.scheduled(event, bindings, background);
    },
  };
}

/** For `new Hono<{ Variables: CacheVariables }>()`: what `withCache` sets. */
export interface CacheVariables {
  readonly cache: DataCache;
}

/** A context of Hono, of whichever version. */
export interface CacheContext {
  readonly executionCtx: object;
  set(name: "cache", cache: DataCache): void;
}

/**
 * A middleware that sets `c.var.cache`: the cache that `tidemark` was given as `data`.
 *
 * @throws OperatorError where there is none
 * @example
 * const app = new Hono<{ Variables: CacheVariables }>();
 * app.use(withCache);
 * app.get("/", async (c) => c.json(await c.var.cache.namespace("a", { fresh: "1m" }).get("b")));
 */
export async function withCache(context: CacheContext, next: () => Promise<void>): Promise<void> {
  const cache = contextOf(context)?.[ofHandlers];
  if (cache === undefined) throw noCache();
  context.set("cache", cache);
  return next();
}

/** Stands in the context that handlers get, for `withCache` alone. */
const ofHandlers = Symbol("data of the application");

/** Hono throws where there is no context, as under `app.request`. */
function contextOf(context: CacheContext): { readonly [ofHandlers]?: DataCache } | undefined {
  try {
    return context.executionCtx;
  } catch {
    return undefined;
  }
}

function noCache(): OperatorError {
  return new OperatorError({
    what: "withCache has no cache to set as c.var.cache.",
    why: "The application was not called by tidemark, or tidemark was given no data.",
    mend: "Write tidemark(app, config, { data: cache }), with a cache of createDataCache.",
  });
}

/** Without what the adapter for Pages adds to them: the request of one client, with all that belongs to it. */
function bindingsIn(env: object = {}): object {
  if (!("eventContext" in env)) return env;
  const { eventContext: _, ...ofAll } = env;
  return ofAll;
}

/** An answer of the cache is never passed by, so there is nothing to let through. */
const passThroughOnException = (): void => undefined;

/** A process of Node goes on by itself; what fails behind an answer is logged where it is done. */
const unattended: AppContext = { waitUntil: () => undefined, passThroughOnException, props: {} };
