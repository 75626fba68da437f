// The data cache of this isolate. It uses the configuration of the pages, so pages and data follow
// the same purge journal.
import { env, waitUntil } from "cloudflare:workers";
import { createDataCache } from "tidemark/data";
import config from "../tidemark.config.ts";

export const cache = createDataCache(config, { env, waitUntil });
