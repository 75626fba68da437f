// @fortedigital/nextjs-cache-handler, as its README's production example: Redis, or memory if Redis
// is away at the start.
import { CacheHandler } from "@fortedigital/nextjs-cache-handler";
import createLruHandler from "@fortedigital/nextjs-cache-handler/local-lru";
import createRedisHandler from "@fortedigital/nextjs-cache-handler/redis-strings";
import { PHASE_PRODUCTION_BUILD } from "next/constants.js";
import { createClient } from "redis";

async function connectedClient() {
  const client = createClient({ url: process.env.REDIS_URL, pingInterval: 10_000 });
  client.on("error", () => {
    global.cacheHandlerConfig = null;
    global.cacheHandlerConfigPromise = null;
  });
  try {
    await client.connect();
  } catch {
    await client.disconnect().catch(() => {});
  }
  return client;
}

async function configuration() {
  const isBuild = process.env.NEXT_PHASE === PHASE_PRODUCTION_BUILD;
  const client = isBuild ? undefined : await connectedClient();
  const handlers = client?.isReady
    ? [createRedisHandler({ client, keyPrefix: "nextjs:" })]
    : [createLruHandler()];
  global.cacheHandlerConfigPromise = null;
  global.cacheHandlerConfig = { handlers };
  return global.cacheHandlerConfig;
}

CacheHandler.onCreation(() => {
  if (global.cacheHandlerConfig) return global.cacheHandlerConfig;
  global.cacheHandlerConfigPromise ??= configuration();
  return global.cacheHandlerConfigPromise;
});

export default CacheHandler;
