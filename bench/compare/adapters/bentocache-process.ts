// A process with BentoCache: memory, Redis and the bus, as its page on several tiers shows it.
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { serve } from "./data-process.ts";

serve((redisUrl = "") => {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  const items = bentostore()
    .useL1Layer(memoryDriver({ maxSize: "10mb" }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  const cache = new BentoCache({ default: "items", ttl: "1h", stores: { items } });
  return {
    get: (key, load) => cache.getOrSet({ key, tags: [key], factory: load }),
    purge: async (id) => void (await cache.deleteByTag({ tags: [id] })),
  };
});
