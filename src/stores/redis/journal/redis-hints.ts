// Listens for hints of the journal in Redis: the positions that its scripts publish.
import { outsideNext } from "../../../base/outside-next.ts";
import type { ListenForEntries } from "../../../purge/journal/journal.ts";
import type { RedisAddress, SubscribeRest } from "../../../remote/redis/address.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import { readTrouble, upstashWords } from "../../../remote/redis/redis-trouble.ts";
import type { RedisCounts } from "../../../remote/redis/round-trips.ts";
import { troubleLine } from "../../../remote/trouble.ts";

interface ListenSettings {
  readonly metrics?: Pick<RedisCounts, "add"> | undefined;
  readonly subscribe: SubscribeRest;
  readonly address: RedisAddress;
  readonly channel: string;
  readonly redis: RedisClient;
}

/** Listens for the positions that the journal's scripts publish. */
export function listenOver(settings: ListenSettings): ListenForEntries {
  const { subscribe, address, channel, redis, metrics } = settings;
  return async (heard, signal) => {
    if (redis.health.isBreakerOpen) return "The circuit breaker of the database is open.";
    metrics?.add("redisCommands", ["journal hints"]);
    try {
      await outsideNext(() => subscribe(address, channel, heard, signal));
      return undefined;
    } catch (cause) {
      return troubleLine(readTrouble(cause), address.words ?? upstashWords);
    }
  };
}
