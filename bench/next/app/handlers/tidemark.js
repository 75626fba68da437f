// Tidemark from this checkout, after `npm run build`.
import { Redis } from "ioredis";
import { nextCache } from "../../../../dist/next.js";
import { createDataCache } from "../../../../dist/node.js";

const redis = new Redis(process.env.REDIS_URL, { lazyConnect: true });
redis.on("error", () => {});
const maxLagSeconds = Number(process.env.VISIBLE_WITHIN_SECONDS);
// All processes share one clock.
const purge = { maxLagSeconds, clockAllowanceSeconds: maxLagSeconds / 5 };

export default nextCache(createDataCache({ redis, purge }));
