// The entry point of the Worker.
import config from "../tidemark.config.ts";
import {
  type Application,
  type Background,
  createApp,
  type ExecutionContext,
  type Platform,
} from "./app.ts";
import type { Env } from "./environment.ts";
import { OperatorError } from "./operator-error.ts";
import { pause } from "./patience.ts";
import { plainPage } from "./serve/plain-page.ts";

const platform: Platform = {
  cache: () => caches.default,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  turn: () => pause(0),
  log: (line) => console.error(line),
};

let app: Application | undefined;

/** @returns `undefined` if it does not start; why not stands in the log */
function started(env: Env): Application | undefined {
  try {
    app ??= createApp(config, env, platform);
  } catch (cause) {
    platform.log(cause instanceof OperatorError ? cause.message : "The Worker did not start.");
  }
  return app;
}

export default {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> {
    return started(env)?.fetch(request, env, context) ?? plainPage(500);
  },
  /** The cron trigger of wrangler.toml. */
  async scheduled(_: unknown, env: Env, background: Background): Promise<void> {
    await started(env)?.scheduled(background);
  },
};
