// What `import … from "tidemark/worker"` offers: a configuration as the handler that a Worker exports.
import { type Application, createApp, type ExecutionContext } from "./app.ts";
import type { TierInCode } from "./cache/tiers/tier-in-code.ts";
import { type Config, configOf } from "./config/config.ts";
import type { CacheParts } from "./create-cache.ts";
import { knownData } from "./data-beside-pages.ts";
import type { DataCache } from "./data/create-data-cache.ts";
import { errorName } from "./base/error-name.ts";
import { OperatorError } from "./base/operator-error.ts";
import type { ServerRequest } from "./platform/arrival.ts";
import type { Env } from "./protocol/variables/bindings.ts";
import type { OriginHandlers } from "./platform/origins.ts";
import type { Background } from "./platform/platform.ts";
import { platformHere } from "./platform/workers.ts";
import { version } from "./version.ts";
import { plainPage } from "./proxy/respond/plain-page.ts";

/** What a Worker exports as its default. */
export interface TidemarkWorker {
  /**
   * Answers 500 where the Worker does not start; the log says once why not.
   *
   * @param server on Node, what the server passes to `fetch` beside the request: it states the client's
   *   address, and whether the connection is a TLS one. Of no effect on Workers
   */
  readonly fetch: (
    request: Request,
    env: object,
    context: ExecutionContext,
    server?: ServerRequest,
  ) => Response | Promise<Response>;
  /** The cron trigger: keeps hot keys warm, if the configuration has any. */
  readonly scheduled: (event: unknown, env: object, background: Background) => Promise<void>;
}

/** What a Worker is made of that no binding can name. */
export interface GivenInCode {
  readonly origins?: OriginHandlers | undefined;
  readonly data?: DataCache | undefined;
  readonly tiers?: readonly TierInCode[] | undefined;
  /** For tests and benches; any release may change it. */
  readonly parts?: CacheParts | undefined;
}

/**
 * Makes the handler of a Worker. It reads its bindings at its first request.
 *
 * @param written from `defineConfig`
 * @param inCode.origins origins that are functions, by their names; they go before all others
 * @param inCode.tiers beside memory, the Cache API and Redis, such as `workersKv` of `tidemark/cloudflare`
 * @param inCode.data of `createDataCache`: it then shares the journal, Redis and the cron trigger of the pages
 * @throws OperatorError for a configuration that is refused, so that it cannot be uploaded
 * @example
 * export default createWorker(defineConfig({ routes: [{ name: "all", match: "*", fresh: "5m" }] }));
 */
export function createWorker(
  written: Config,
  { origins, data, tiers, parts }: GivenInCode = {},
): TidemarkWorker {
  const config = configOf(written);
  const inCode = { origins, tiers, parts, data: data && knownData(data) };
  let app: Application | undefined;
  let hasFailed = false;
  const started = (env: object): Application | undefined => {
    if (app !== undefined || hasFailed) return app;
    const platform = platformHere();
    try {
      app = createApp(config, env as Env, platform, inCode);
    } catch (cause) {
      // Its bindings stay as they are for as long as the isolate lives.
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
