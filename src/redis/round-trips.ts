// Counts what is sent to Redis where it leaves: at the requester of the SDK, so that the number of
// commands is that of the very request, whatever its sender takes it for.
import type { Redis } from "@upstash/redis/cloudflare";
import type { Metrics } from "../observe/metrics.ts";
import type { RedisPurpose } from "./purpose.ts";
import type { RedisTrouble } from "./trouble.ts";

/** Where it is counted. */
export type RedisCounts = Pick<Metrics, "add" | "took">;

export interface RoundTripSettings {
  readonly nowAtMs: () => number;
  readonly metrics?: RedisCounts | undefined;
}

/** Of one database. */
export class RoundTrips {
  readonly #settings: RoundTripSettings;

  constructor(settings: RoundTripSettings) {
    this.#settings = settings;
  }

  /**
   * Has each request of a client counted as it is sent: its commands, and how long its answer took.
   *
   * @returns the same client
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

  /** A call came to nothing. */
  failed(cause: RedisTrouble): void {
    this.#settings.metrics?.add("redisFailures", [cause]);
  }
}

/** Upstash bills each command of a pipeline and of a transaction: their paths name them. */
function commandCount({ path, body }: { path?: string[]; body?: unknown }): number {
  const isOfSeveral = path !== undefined && path.length > 0;
  return isOfSeveral && Array.isArray(body) ? body.length : 1;
}
