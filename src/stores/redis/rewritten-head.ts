// Rewrites the metadata of a long body that Redis already stores, without sending the body again.
import type { Redis } from "@upstash/redis/cloudflare";
import { readTrouble } from "../../redis/trouble.ts";
import { rangeOf, recordIn } from "./record-text.ts";

/** A record that is being sent. `text`: the whole value, with head and body. */
export interface Upload {
  readonly redisKey: string;
  readonly head: string;
  readonly text: string;
  readonly keepMs: number;
  readonly sinceAtMs: number;
  /** The digest of an unchanged body that Redis may have; `null` to send the body in any case. */
  readonly heldDigest: string | null;
  /** `newerArgs`, if a newer record stays. */
  readonly newerArgs?: readonly string[] | undefined;
}

/**
 * Overwrites the metadata of a record if Redis has the same body. Returns whether it was
 * overwritten. If another body is written meanwhile, the digest does not match that body, so the
 * record is a miss.
 */
export async function isRewritten<Detail>(
  redis: Redis,
  { redisKey, head, keepMs, heldDigest }: Upload,
  settings: Parameters<typeof recordIn<Detail>>[2],
): Promise<boolean> {
  if (heldDigest === null) return false;
  const record = recordIn(redisKey, await headUnder(redis, redisKey), settings);
  const isThere =
    record?.record.kind === "response" && record.record.metadata.bodyDigest === heldDigest;
  if (!isThere || head.length > record.headChars) return false;
  await redis
    .multi()
    .setrange(redisKey, 0, head.padEnd(record.headChars))
    .pexpire(redisKey, keepMs)
    .exec();
  return true;
}

/**
 * Returns the head under a key; `undefined` if the key has another type, which SET will replace.
 */
async function headUnder(redis: Redis, redisKey: string): Promise<string | undefined> {
  try {
    return await redis.getrange(...rangeOf(redisKey, "metadata"));
  } catch (cause) {
    if (readTrouble(cause) === "wrong-type") return undefined;
    throw cause;
  }
}
