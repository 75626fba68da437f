// The cache of all processes of this site.
import { Redis } from "ioredis";
import { nextCache } from "tidemark/next";
import { createDataCache } from "tidemark/node";

const { REDIS_URL } = process.env;
// A build without REDIS_URL stores in its own memory.
const redis = REDIS_URL ? new Redis(REDIS_URL, { lazyConnect: true }) : "none";

const cache = createDataCache({ redis, namespace: "news" });
export default nextCache(cache);
