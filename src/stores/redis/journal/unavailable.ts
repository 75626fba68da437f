// Explains to the sender of a purge or a post why the journal is unavailable.
import type { RedisCause, RedisClient } from "../../../redis/redis-client.ts";
import { hintOf, type RedisTrouble, whyOf } from "../../../redis/trouble.ts";
import type { Unavailable } from "../../../purge/journal/journal.ts";

type Client = Pick<RedisClient, "trouble" | "troubleWithWrites" | "words">;

/** Returns the result for a failed command, with the reason and the hint. */
export function unavailableFor(cause: RedisCause, redis: Client): Unavailable {
  const kind = "unavailable";
  const trouble = troubleBehind(cause, redis);
  if (trouble === undefined) return { kind };
  const { words } = redis;
  return { kind, why: `${whyOf(trouble, words)}.`, hint: hintOf(trouble, words) };
}

/**
 * Returns the trouble of a command. If earlier failures prevented the command from being sent,
 * returns their trouble.
 */
function troubleBehind(cause: RedisCause, redis: Client): RedisTrouble | undefined {
  if (cause !== "shut-off" && cause !== "writes-refused") return cause;
  return [redis.trouble, redis.troubleWithWrites].find((last) => last?.isOver === false)?.kind;
}
