// The store of `upstash()`, for tests of its parts.
import { overUpstash } from "../../src/remote/redis/rest.ts";
import { redisStore } from "../../src/stores/redis/redis-store.ts";

export const upstashStore = redisStore(overUpstash);
