// The Worker: the cache before the site, and the cron trigger.
import { tidemark } from "tidemark/hono";
import config from "../tidemark.config.ts";
import { createApp } from "./app.ts";
import { refreshSettings } from "./settings.ts";

const cached = tidemark(
  createApp(async (url, init, c) =>
    cached.fetch(new Request(url, init), c.env as object, c.executionCtx),
  ),
  config,
);

export default {
  ...cached,
  scheduled: async (...given: Parameters<typeof cached.scheduled>) => {
    await Promise.all([cached.scheduled(...given), refreshSettings()]);
  },
};
