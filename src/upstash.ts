// Exports of `tidemark/upstash`: Redis at Upstash as the store of a site.
import { redisStore } from "./stores/redis/redis-store.ts";
import type { Stores } from "./compose/bind-stores.ts";

export type { Stores } from "./compose/bind-stores.ts";

/**
 * Stores purges, responses and data in Redis, over Upstash's REST interface. The variables
 * `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN` name the database. Without them, there is
 * no shared tier.
 *
 * @example export default createWorker(config, { stores: upstash() });
 */
export function upstash(): Stores {
  return { redis: redisStore };
}
