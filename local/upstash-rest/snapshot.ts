// Copies the state of a Redis at one instant as commands: all keys, or some. One script reads the
// state, so that no write occurs between two reads.
import type {
  RedisArgument,
  RedisCommand,
  RedisConnection,
  RedisReply,
} from "./redis-connection.ts";

const script = `
local found = {}
for _, key in ipairs(#KEYS > 0 and KEYS or redis.call('KEYS', '*')) do
  found[#found + 1] = { key, redis.call('DUMP', key), redis.call('PEXPIRETIME', key) }
end
return found`;

/** Returns the commands; `undefined` if Redis did not answer. Sends the read before returning. */
export async function snapshotOf(redis: RedisConnection): Promise<RedisCommand[] | undefined> {
  const outcome = await redis.send(["EVAL", script, "0"]);
  if (outcome.kind !== "replied" || !Array.isArray(outcome.reply)) return undefined;
  return [["FLUSHALL"], ...restoreCommands(outcome.reply)];
}

/** Returns a command that reads the state of these keys, at least one. */
export function readKeys(keys: readonly RedisArgument[]): RedisCommand {
  return ["EVAL", script, String(keys.length), ...keys];
}

/** @param found the reply to `readKeys` */
export function restoreCommands(found: RedisReply): RedisCommand[] {
  return Array.isArray(found) ? found.flatMap(restoreCommand) : [];
}

function restoreCommand(found: RedisReply): RedisCommand[] {
  if (!Array.isArray(found)) return [];
  const [key, dump, expireAtMs] = found;
  if (!Buffer.isBuffer(key)) return [];
  // The key was deleted, or it expired during the script.
  if (!Buffer.isBuffer(dump)) return [["DEL", key]];
  const atMs = typeof expireAtMs === "number" && expireAtMs > 0 ? expireAtMs : 0;
  return [["RESTORE", key, String(atMs), dump, "REPLACE", "ABSTTL"]];
}
