// All that a Redis holds at one instant, as commands that put it into another.
// One script reads everything, so that no write falls between two keys.
import type { RedisCommand, RedisConnection, RedisReply } from "./redis-connection.ts";

const script = `
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  found[#found + 1] = { key, redis.call('DUMP', key), redis.call('PEXPIRETIME', key) }
end
return found`;

/** @returns undefined when the Redis could not be read; the read is sent before this returns */
export async function snapshotOf(redis: RedisConnection): Promise<RedisCommand[] | undefined> {
  const outcome = await redis.send(["EVAL", script, "0"]);
  if (outcome.kind !== "replied" || !Array.isArray(outcome.reply)) return undefined;
  return [["FLUSHALL"], ...outcome.reply.flatMap(restoreCommand)];
}

function restoreCommand(found: RedisReply): RedisCommand[] {
  if (!Array.isArray(found)) return [];
  const [key, dump, expireAtMs] = found;
  // A key that expires while the script runs has no dump.
  if (!Buffer.isBuffer(key) || !Buffer.isBuffer(dump)) return [];
  const atMs = typeof expireAtMs === "number" && expireAtMs > 0 ? expireAtMs : 0;
  return [["RESTORE", key, String(atMs), dump, "ABSTTL"]];
}
