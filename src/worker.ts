// The entry point of the Worker.
import exported from "../tidemark.config.ts";
import { type Application, createApp, type ExecutionContext } from "./app.ts";
import { configOf } from "./config/config.ts";
import { errorName } from "./error-name.ts";
import { OperatorError } from "./operator-error.ts";
import type { Env } from "./platform/bindings.ts";
import type { Background } from "./platform/platform.ts";
import { workers } from "./platform/workers.ts";
import { plainPage } from "./proxy/respond/plain-page.ts";

/** Here, so that a Worker whose configuration is refused cannot be uploaded. */
const config = configOf(exported);

let app: Application | undefined;
let hasFailed = false;

/** @returns `undefined` if it does not start; the log says once why not */
function started(env: Env): Application | undefined {
  if (app !== undefined || hasFailed) return app;
  try {
    app = createApp(config, env, workers);
  } catch (cause) {
    // Its bindings stay as they are for as long as the isolate lives.
    hasFailed = true;
    const why = cause instanceof OperatorError ? cause.message : `${errorName(cause)}.`;
    workers.log(`The Worker does not start. ${why}`);
  }
  return app;
}

export default {
  /** Answers 500 where the Worker does not start. */
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> {
    return started(env)?.fetch(request, env, context) ?? plainPage("fault");
  },
  /** The cron trigger of wrangler.toml. */
  async scheduled(_: unknown, env: Env, background: Background): Promise<void> {
    await started(env)?.scheduled(background);
  },
};
