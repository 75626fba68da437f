// Writes metadata over that of a long body which lies in Redis already, so that the body need not be
// sent again.
import type { Redis } from "@upstash/redis/cloudflare";
import type { RedisPurpose } from "../../redis/purpose.ts";
import { readTrouble } from "../../redis/trouble.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import { rangeOf, recordIn } from "./record-text.ts";
import type { TierKeep, TierRecord } from "../../cache/tiers/tier.ts";

/** A record on its way. */
export interface Upload {
  readonly redisKey: string;
  readonly head: string;
  readonly text: string;
  readonly keepMs: number;
  readonly sinceAtMs: number;
  /** By which an unchanged body is known that may lie there already. */
  readonly heldDigest: string | null;
}

/**
 * Writes metadata over that of an unchanged body, if that is the body which lies there. Somebody else's
 * record may take its place before that is done: then the two do not fit together, and are a miss.
 */
export async function isRewritten<Detail>(
  redis: Redis,
  { redisKey, head, keepMs, heldDigest }: Upload,
  form: RecordForm<Detail>,
): Promise<boolean> {
  if (heldDigest === null) return false;
  const held = recordIn(await headUnder(redis, redisKey), form);
  const isThere =
    held?.record.kind === "response" && held.record.metadata.bodyDigest === heldDigest;
  if (!isThere || head.length > held.headChars) return false;
  await redis
    .multi()
    .setrange(redisKey, 0, head.padEnd(held.headChars))
    .pexpire(redisKey, keepMs)
    .exec();
  return true;
}

/** @returns `undefined` where something else than a string lies there, which SET replaces */
async function headUnder(redis: Redis, redisKey: string): Promise<string | undefined> {
  try {
    return await redis.getrange(...rangeOf(redisKey, "metadata"));
  } catch (cause) {
    if (readTrouble(cause) === "wrong-type") return undefined;
    throw cause;
  }
}

/** What a write of a record is counted under. */
export function purposeOf<Detail>({ kind }: TierRecord<Detail>, { body }: TierKeep): RedisPurpose {
  if (kind === "vary") return "Vary marker";
  return body === "unchanged" ? "freshening" : "fill";
}
