// The Worker: the cache before the site. Its cron trigger keeps the settings loaded, and writes the views.
import { tidemark } from "tidemark/hono";
import config from "../tidemark.config.ts";
import { createApp } from "./app.ts";
import { cache } from "./cache.ts";

const app = createApp(async (url, c) =>
  cached.fetch(new Request(url), c.env as object, c.executionCtx),
);
const cached = tidemark(app, config, { data: cache });

export default cached;
