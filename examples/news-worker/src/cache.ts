// The data cache of this isolate. It has the pages' configuration, so both follow one journal of purges.
import { env, waitUntil } from "cloudflare:workers";
import { createDataCache } from "tidemark/data";
import config from "../tidemark.config.ts";

export const cache = createDataCache(config, { env, waitUntil });
