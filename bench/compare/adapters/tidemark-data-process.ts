// A process with Tidemark's cache for data.
import { Redis } from "ioredis";
import { createDataCache } from "../../../src/data/node/node-data-cache.ts";
import { serve } from "./data-process.ts";

serve((redisUrl = "", purge = "{}") => {
  const redis = new Redis(redisUrl);
  redis.on("error", () => undefined);
  const cache = createDataCache({
    redis,
    purge: JSON.parse(purge) as object,
    log: () => undefined,
  });
  const items = cache.namespace<unknown, string>("items", { fresh: "1h", stale: "1h" });
  return {
    get: (id, load) =>
      items.getOrSet(id, (context) => {
        context.tags(id);
        return load();
      }),
    purge: async (id, mode) => void (await cache.purge({ tags: [id], soft: mode === "soft" })),
  };
});
