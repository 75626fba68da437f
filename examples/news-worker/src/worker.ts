// The Worker: the cache in front of the site. Its cron trigger reloads the settings, and writes the
// views to the database.
import { tidemark } from "tidemark/hono";
import { upstash } from "tidemark/upstash";
import config from "../tidemark.config.ts";
import { createApp } from "./app.ts";
import { cache } from "./cache.ts";

const app = createApp(async (url, c) =>
  cached.fetch(new Request(url), c.env as object, c.executionCtx),
);
const cached = tidemark(app, config, { data: cache, stores: upstash() });

export default cached;
