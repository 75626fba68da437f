// Explains to the sender of a purge or a post why the journal is unavailable.
import type { RedisCause, RedisClient } from "../../../redis/redis-client.ts";
import { hintOf, type RedisTrouble, whyOf } from "../../../redis/trouble.ts";
import type { Unavailable } from "../../../purge/journal/journal.ts";

type Client = Pick<RedisClient, "trouble" | "troubleWithWrites" | "words">;

/** Returns the reason and the hint for the trouble of a client. */
export function unavailableFor(cause: RedisCause, redis: Client): Unavailable {
  const kind = "unavailable";
  const trouble = troubleBehind(cause, redis);
  if (trouble === undefined) return { kind };
  const { words } = redis;
  return { kind, why: `${whyOf(trouble, words)}.`, hint: hintOf(trouble, words) };
}

/**
 * Returns the trouble of a command. If the command was not sent, returns the trouble of the earlier
 * commands because of which it was not sent.
 */
function troubleBehind(cause: RedisCause, redis: Client): RedisTrouble | undefined {
  if (cause !== "shut-off" && cause !== "writes-refused") return cause;
  return [redis.trouble, redis.troubleWithWrites].find((last) => last?.isOver === false)?.kind;
}
