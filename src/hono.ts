// Exports of `tidemark/hono`: the cache in front of a Hono application.
// See docs/middleware.md and docs/data-on-workers.md#beside-pages.
import { refuseUnknown } from "./base/known-members.ts";
import { isOnWorkers } from "./base/node-globals.ts";
import type { Config } from "./config/config.ts";
import type { DataCache } from "./data/create-data-cache.ts";
import { OperatorError } from "./base/operator-error.ts";
import { context as contextOfProcess } from "./platform/process-context.ts";
import { createWorker, type GivenInCode, type TidemarkWorker } from "./worker.ts";

/** A Hono application of any version. Tidemark calls only `fetch`. */
export interface AnsweringApplication {
  fetch(request: Request, env: object, context: AppContext): Response | Promise<Response>;
}

type AppContext = Parameters<TidemarkWorker["fetch"]>[2];

/** The default export of a Worker. A Node server uses its `fetch`. */
export interface CachedApplication extends Omit<TidemarkWorker, "fetch"> {
  /**
   * Answers a request. On Node, which passes no context, `env` is the server's information about
   * the connection, not a set of bindings.
   */
  readonly fetch: (
    request: Request,
    env?: object,
    context?: AppContext,
  ) => Response | Promise<Response>;
}

/**
 * Puts the cache in front of an application. The cache calls the application for each origin request, which
 * includes refreshes and probes, with the Worker's bindings. For a request that the cache may
 * answer, the application runs in no client's context, and `request.cf` has only the members that
 * are part of the cache key. For a request that bypasses the cache on Node, the bindings also have
 * the server's `incoming` and `outgoing`.
 *
 * @param config a configuration from `defineConfig`; the origin named `default` is the application
 * @param given.env the variables on Node, such as `process.env`. Without them, a Worker's bindings
 *   apply, and on Node none
 * @param given.data a cache from `createDataCache`. It shares the pages' journal, Redis and cron
 *   trigger, and `withCache` passes it to handlers
 * @param given.stores as for `createWorker`
 * @param given.build the application's build, as for `createWorker`
 * @throws OperatorError for an invalid configuration
 * @example
 * export default tidemark(app, defineConfig({ routes: [{ name: "all", match: "*", fresh: "5m" }] }));
 */
export function tidemark(
  app: AnsweringApplication,
  config: Config,
  given: {
    readonly env?: object;
    readonly data?: DataCache | undefined;
  } & Pick<GivenInCode, "stores" | "build" | "onRequest"> = {},
): CachedApplication {
  refuseUnknown(given, names, "tidemark(app, config, …)");
  const { env: variables, ...inCode } = given;
  const worker = createWorker(config, {
    ...inCode,
    origins: {
      default: async (request, background, _, server) => {
        const bindings = variables ?? (await bindingsOfAll());
        return app.fetch(request, server === undefined ? bindings : { ...bindings, ...server }, {
          waitUntil: (work) => background.waitUntil(work),
          passThroughOnException: contextOfProcess.passThroughOnException,
          props: {},
          [ofHandlers]: inCode.data,
        } as AppContext);
      },
    },
  });
  return {
    fetch(request, env, context) {
      // A server on Node passes no context, and its `env` is the connection.
      const bindings = variables ?? (context && env) ?? {};
      return worker.fetch(request, bindings, context ?? contextOfProcess, env);
    },
    scheduled: (event, env, background) => worker.scheduled(event, variables ?? env, background),
  };
}

const names = ["env", "data", "stores", "build", "onRequest"];

/** The variables that `withCache` sets, for `new Hono<{ Variables: CacheVariables }>()`. */
export interface CacheVariables {
  readonly cache: DataCache;
}

/** A Hono context of any version. */
export interface CacheContext {
  readonly executionCtx: object;
  set(name: "cache", cache: DataCache): void;
}

/**
 * Sets `c.var.cache` to the cache that `tidemark` received as `data`. Use it as middleware.
 *
 * @throws OperatorError if there is no such cache
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

/** The key of the data cache in the execution context, for `withCache`. */
const ofHandlers = Symbol("data of the application");

/**
 * Returns the execution context; `undefined` if there is none, as in `app.request`. Without a
 * context, Hono's getter throws.
 */
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
    hint: "Write tidemark(app, config, { data: cache }), with a cache from createDataCache.",
  });
}

/**
 * Returns the Worker's own bindings; an empty object on other runtimes. The bindings of one request
 * may have values of its client, such as its request on Cloudflare Pages.
 */
async function bindingsOfAll(): Promise<object> {
  if (!isOnWorkers()) return {};
  // A name that bundlers for Node do not resolve.
  const name: string = "cloudflare:workers";
  const { env } = (await import(/* @vite-ignore */ name)) as { readonly env: object };
  return env;
}
