// The application: the operator's routes below `operatorPath` by Hono, the HTTP cache for everything else.
import { Hono } from "hono";
import { answerDebugged, debugField } from "./admin/debug-field.ts";
import { adminRoutes } from "./admin/routes.ts";
import { type Config, configOf } from "./config/config.ts";
import { responseForm } from "./proxy/stored/record-form.ts";
import type { ResponseDetail } from "./proxy/stored/stored-response.ts";
import { createCache, type TieredCache } from "./create-cache.ts";
import { createProxy } from "./create-proxy.ts";
import { errorName, firstFrame } from "./error-name.ts";
import { faultText, isFault } from "./operator-error.ts";
import type { Env } from "./platform/bindings.ts";
import { coloOf, readEnvironment } from "./platform/environment.ts";
import type { OriginHandlers } from "./platform/origins.ts";
import type { Background, Platform } from "./platform/platform.ts";
import { configWarnings } from "./proxy/request/config-warnings.ts";
import { plainPage } from "./proxy/respond/plain-page.ts";

export type { Platform } from "./platform/platform.ts";

/** What the runtime hands a handler beside its request. */
export type ExecutionContext = Parameters<Hono["fetch"]>[2] & object;

/** Lives as long as its isolate. */
export interface Application {
  /** The core, for an application's own data on the same tiers. */
  readonly cache: TieredCache<ResponseDetail>;
  /** Never throws and never rejects. */
  readonly fetch: (
    request: Request,
    bindings: Env,
    background: ExecutionContext,
  ) => Response | Promise<Response>;
  /** One run of the cron trigger. Never rejects. */
  readonly scheduled: (background: Background) => Promise<void>;
}

/**
 * Makes an isolate's application; its state lives as long as it does.
 *
 * @param given from `defineConfig`; an object that was written without it is checked here
 * @param inCode.origins origins that are functions, by their names; they go before all others
 * @throws OperatorError for a configuration that is refused, and for bindings with which answers would be wrong
 */
export function createApp(
  given: Config,
  env: Env,
  platform: Platform,
  inCode: { readonly origins?: OriginHandlers } = {},
): Application {
  const written = configOf(given);
  const environment = readEnvironment(env, written, inCode.origins);
  const { namespace, siteHosts } = environment;
  const config = { ...written, namespace };
  for (const fault of [...configWarnings(config, siteHosts), ...environment.faults]) {
    platform.log(faultText(fault));
  }
  const database = isFault(environment.redis) ? undefined : environment.redis;
  const { dataset } = environment;
  const cache = createCache(config, { ...platform, database, dataset }, responseForm);
  // Until a request tells it.
  cache.metrics.colo = coloOf(environment, undefined);
  const proxy = createProxy(cache, { config, environment, platform });
  const failed = (cause: unknown) => {
    platform.log(`A request failed with ${errorName(cause)}: ${firstFrame(cause)}`);
    return plainPage("fault");
  };
  const operators = new Hono();
  const looked = { environment, cache, isolate: proxy.isolate };
  operators.route(config.operatorPath, adminRoutes(looked));
  operators.notFound(() => plainPage("nothing"));
  operators.onError(failed);
  const answerTo: Application["fetch"] = (request, bindings, background) => {
    const read = proxy.isolate.readUrl(request);
    // A hit needs no route but its own, so it goes without Hono's context.
    if (read.isReserved) return operators.fetch(request, bindings, background);
    if (!request.headers.has(debugField)) return proxy.answer(request, read, background);
    return answerDebugged(request, read, looked, (plain) => proxy.answer(plain, read, background));
  };
  const fetch: Application["fetch"] = (request, bindings, background) => {
    try {
      const answered = answerTo(request, bindings, background);
      return answered instanceof Promise ? answered.catch(failed) : answered;
    } catch (cause) {
      return failed(cause);
    }
  };
  const scheduled: Application["scheduled"] = async (background) => {
    await Promise.all([cache.run(cache.reports.runCron), proxy.keepWarm(background)]);
  };
  return { cache, fetch, scheduled };
}
