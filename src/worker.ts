// The entry point of the Worker.
import type { Hono } from "hono";
import config from "../tidemark.config.ts";
import { createApp, type Platform } from "./app.ts";
import type { Env } from "./environment.ts";
import { OperatorError } from "./operator-error.ts";
import { plainPage } from "./serve/plain-page.ts";

const platform: Platform = {
  cache: () => caches.default,
  fetch: (url, init) => fetch(url, init),
  nowAtMs: () => Date.now(),
  random: () => Math.random(),
  log: (line) => console.error(line),
};

let app: Hono | undefined;

type ExecutionContext = Parameters<Hono["fetch"]>[2] & object;

export default {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> {
    try {
      app ??= createApp(config, env, platform);
    } catch (cause) {
      platform.log(cause instanceof OperatorError ? cause.message : "The Worker did not start.");
      return plainPage(500);
    }
    return app.fetch(request, env, context);
  },
};
