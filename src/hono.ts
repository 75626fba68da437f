// What `import … from "tidemark/hono"` offers: a Hono application of one's own as the origin.
import type { Config } from "./config/config.ts";
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
 * @throws OperatorError for a configuration that is refused
 * @example
 * export default tidemark(app, defineConfig({ routes: [{ name: "all", match: "*", fresh: "5m" }] }));
 */
export function tidemark(
  app: AnsweringApplication,
  config: Config,
  given: { readonly env?: object } = {},
): CachedApplication {
  let bindings = given.env ?? {};
  const worker = createWorker(config, {
    origins: {
      default: (request, background) =>
        app.fetch(request, bindings, {
          waitUntil: (work) => background.waitUntil(work),
          passThroughOnException,
          props: {},
        }),
    },
  });
  return {
    fetch(request, env, context) {
      // A Worker's bindings are the same at each of its requests.
      if (given.env === undefined && context !== undefined) bindings = bindingsIn(env);
      return worker.fetch(request, bindings, context ?? unattended);
    },
    scheduled(event, env, background) {
      if (given.env === undefined) bindings = env;
      return worker.scheduled(event, bindings, background);
    },
  };
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
