// Explains to the sender of a purge or a post why the journal is unavailable.
import type { RedisCause, RedisClient } from "../../../redis/redis-client.ts";
import type { Unavailable } from "../../../purge/journal/journal.ts";

/** Returns the trouble. For a command that was not sent, this is the trouble of earlier commands. */
export function unavailableFor(
  cause: RedisCause,
  redis: Pick<RedisClient, "trouble" | "troubleWithWrites" | "words">,
): Unavailable {
  const { words } = redis;
  if (cause !== "shut-off" && cause !== "writes-refused") {
    return { kind: "unavailable", trouble: cause, words };
  }
  const before = [redis.trouble, redis.troubleWithWrites].find((last) => last?.isOver === false);
  return { kind: "unavailable", trouble: before?.kind, words };
}
