// Counts the Redis commands in the requests of an SDK client, and measures the latency.
import type { Redis } from "@upstash/redis/cloudflare";
import type { Metrics } from "../observe/metrics.ts";
import type { RedisPurpose } from "./purpose.ts";
import type { RedisTrouble } from "./trouble.ts";

export type RedisCounts = Pick<Metrics, "add" | "took">;

export interface RoundTripSettings {
  readonly nowAtMs: () => number;
  readonly metrics?: RedisCounts | undefined;
}

export class RoundTrips {
  readonly #settings: RoundTripSettings;

  constructor(settings: RoundTripSettings) {
    this.#settings = settings;
  }

  /**
   * Counts the commands in a client's requests, and measures the latency of successful requests.
   * Returns the same client.
   */
  countedIn(redis: Redis, purpose: RedisPurpose): Redis {
    const { metrics, nowAtMs } = this.#settings;
    if (metrics === undefined) return redis;
    redis.use(async (request, send) => {
      metrics.add("redisCommands", [purpose], commandCount(request));
      const sentAtMs = nowAtMs();
      const answer = await send(request);
      metrics.took("redisSeconds", [purpose], Math.max(0, nowAtMs() - sentAtMs));
      return answer;
    });
    return redis;
  }

  failed(cause: RedisTrouble): void {
    this.#settings.metrics?.add("redisFailures", [cause]);
  }
}

/**
 * Returns the number of commands in a request, as Upstash bills them. Only the requests of
 * pipelines and transactions have a path.
 */
function commandCount({ path, body }: { path?: string[]; body?: unknown }): number {
  const isOfSeveral = path !== undefined && path.length > 0;
  return isOfSeveral && Array.isArray(body) ? body.length : 1;
}
