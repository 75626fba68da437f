// Why the journal is unavailable, as somebody who waits for it is told.
import type { RedisCause, RedisClient } from "../../redis/redis-client.ts";
import type { Unavailable } from "./journal.ts";

/** What was not sent failed for what others met before it. */
export function unavailableFor(
  cause: RedisCause,
  redis: Pick<RedisClient, "trouble" | "troubleWithWrites">,
): Unavailable {
  if (cause !== "shut-off" && cause !== "writes-refused") {
    return { kind: "unavailable", trouble: cause };
  }
  const before = [redis.trouble, redis.troubleWithWrites].find((last) => last?.isOver === false);
  return { kind: "unavailable", trouble: before?.kind };
}
