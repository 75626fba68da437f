// The cache of all processes of this site.
import { Redis } from "ioredis";
import { nextCache } from "tidemark/next";
import { createDataCache } from "tidemark/node";

const { NEXT_PHASE, NODE_ENV, REDIS_URL } = process.env;
// A build, a test and `next dev` may store in their own memory.
const isServer = NODE_ENV === "production" && NEXT_PHASE !== "phase-production-build";
if (isServer && !REDIS_URL)
  throw new Error("REDIS_URL is not set, so no purge would reach other processes.");
const redis = REDIS_URL ? new Redis(REDIS_URL, { lazyConnect: true }) : "none";

const cache = createDataCache({ redis, namespace: "news" });
export default nextCache(cache);
