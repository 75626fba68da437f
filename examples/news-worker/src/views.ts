// How often each article was read. Views are counted in Redis, and the cron trigger writes them to the database.
import { env } from "cloudflare:workers";
import { d1Sink } from "tidemark/sinks";
import { cache } from "./cache.ts";

export const views = cache.counter("views", { sink: d1Sink(env.DB) });
