// Why the journal is unavailable, for the sender of a purge or a post.
import type { RedisCause, RedisClient } from "../../../redis/redis-client.ts";
import type { Unavailable } from "../../../purge/journal/journal.ts";

/** A command that was not sent failed because of the trouble that earlier commands met. */
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
