// Exports of `tidemark/worker`: creates a Worker's handler from a configuration.
// See docs/package.md#tidemarkworker.
import {
  type Application,
  createApp,
  type ExecutionContext,
  type InCode,
  refuseUnknownMembers,
} from "./app.ts";
import { type Config, configOf, configOfBuild } from "./config/config.ts";
import { partsOf } from "./part/open-parts.ts";
import { knownData } from "./compose/data-beside-pages.ts";
import type { DataCache } from "./data/create-data-cache.ts";
import { errorName } from "./base/error-name.ts";
import { OperatorError } from "./base/operator-error.ts";
import type { ServerRequest } from "./platform/arrival.ts";
import type { Env } from "./protocol/variables/bindings.ts";
import type { Background } from "./platform/platform.ts";
import { platformHere, refuseOldDate } from "./platform/workers.ts";
import { version } from "./version.ts";
import { plainPage } from "./pages/respond/plain-page.ts";

/** The default export of a Worker. */
export interface TidemarkWorker {
  /**
   * Answers a request. If the Worker cannot start, answers 500 and logs the reason once.
   *
   * @param server on Node, the second argument of the server's `fetch`, with the client's address
   *   and whether the connection uses TLS; ignored on Workers
   */
  readonly fetch: (
    request: Request,
    env: object,
    context: ExecutionContext,
    server?: ServerRequest,
  ) => Response | Promise<Response>;
  /**
   * Runs the cron trigger: folds reports, checks the database's free space, runs the data cache's
   * part, and keeps hot keys warm if configured.
   */
  readonly scheduled: (event: unknown, env: object, background: Background) => Promise<void>;
}

/** The code that neither bindings nor a configuration provide. */
export interface GivenInCode extends Omit<InCode, "data"> {
  readonly data?: DataCache | undefined;
  readonly build?: string | undefined;
}

/**
 * Creates the handler of a Worker. The handler reads its bindings at the first request or cron run.
 *
 * @param written a configuration from `defineConfig`
 * @param inCode.origins origins that are functions, by name; they take precedence over all others
 * @param inCode.stores `upstash()` of `tidemark/upstash` or `durableObjects()` of
 *   `tidemark/cloudflare`; without stores, no purges are possible
 * @param inCode.onRequest receives each request that the cache answered, except
 *   the operator's, such as `traceRequests` of `tidemark/opentelemetry`
 * @param inCode.build the build of the application that runs in this process or Worker, such as a commit: up to 128
 *   letters, digits and the characters `.`, `_`, `:`, `+` and `-`. Stored pages of other builds do not answer here.
 *   Routes with `release` or `ranges` are the same for all builds
 * @param inCode.data a cache from `createDataCache`, which then shares the pages' journal, Redis
 *   and cron trigger
 * @throws OperatorError for an invalid configuration or an old compatibility date, so that the upload to Cloudflare fails
 * @example
 * export default createWorker(
 *   defineConfig({ routes: [{ name: "all", match: "*", fresh: "5m" }] }),
 *   { stores: upstash() },
 * );
 */
export function createWorker(
  written: Config,
  { data, build, ...others }: GivenInCode = {},
): TidemarkWorker {
  refuseOldDate();
  const config = configOfBuild(configOf(written), build);
  refuseUnknownMembers(others);
  partsOf(config);
  const inCode = { ...others, data: data && knownData(data) };
  let app: Application | undefined;
  let hasFailed = false;
  const started = (env: object): Application | undefined => {
    if (app !== undefined || hasFailed) return app;
    const platform = platformHere();
    try {
      app = createApp(config, env as Env, platform, inCode);
    } catch (cause) {
      // Do not try again, because bindings never change during an isolate's lifetime.
      hasFailed = true;
      const why = cause instanceof OperatorError ? cause.message : `${errorName(cause)}.`;
      const message = `The Worker does not start. ${why}`;
      const ts = new Date(platform.nowAtMs()).toISOString();
      platform.log({ ts, level: "error", event: "start-refused", message, version });
    }
    return app;
  };
  return {
    fetch: (request, env, context, server) =>
      started(env)?.fetch(request, env as Env, context, server) ?? plainPage("fault"),
    scheduled: async (_, env, background) => started(env)?.scheduled(background),
  };
}
