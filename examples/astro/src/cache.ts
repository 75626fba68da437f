// Tidemark as Astro's cache: memory in this process, and Redis for all processes.
import { Redis } from "ioredis";
import { astroCache } from "tidemark/astro";

export default astroCache(
  { operatorPath: "/tidemark", purge: { maxLagSeconds: 5 } },
  { redis: new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379") },
);
