// Counts the views of each article in Redis. The cron trigger writes the counts to the database.
import { env } from "cloudflare:workers";
import { d1Sink } from "tidemark/sinks";
import { writeBehind } from "tidemark/write-behind";
import { cache } from "./cache.ts";

export const views = writeBehind(cache).counter("views", { sink: d1Sink(env.DB) });
