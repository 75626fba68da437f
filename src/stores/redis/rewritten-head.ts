// Rewrites the metadata of a long body that Redis already holds, which saves sending the body again.
import type { Redis } from "@upstash/redis/cloudflare";
import type { RedisPurpose } from "../../redis/purpose.ts";
import { readTrouble } from "../../redis/trouble.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import { rangeOf, recordIn } from "./record-text.ts";
import type { TierKeep, TierRecord } from "../../cache/tiers/tier.ts";

/** A record being sent. */
export interface Upload {
  readonly redisKey: string;
  readonly head: string;
  readonly text: string;
  readonly keepMs: number;
  readonly sinceAtMs: number;
  /** Digest of an unchanged body that Redis may hold; `null` to send the body anyway. */
  readonly heldDigest: string | null;
}

/**
 * Writes metadata over that of the same body. Returns whether Redis held that body. If another record takes
 * its place meanwhile, the digests differ and the record is a miss.
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

/** Returns `undefined` if the key holds another type, which SET will replace. */
async function headUnder(redis: Redis, redisKey: string): Promise<string | undefined> {
  try {
    return await redis.getrange(...rangeOf(redisKey, "metadata"));
  } catch (cause) {
    if (readTrouble(cause) === "wrong-type") return undefined;
    throw cause;
  }
}

/** Returns the purpose under which a write is counted. */
export function purposeOf<Detail>({ kind }: TierRecord<Detail>, { body }: TierKeep): RedisPurpose {
  if (kind === "vary") return "Vary marker";
  return body === "unchanged" ? "freshening" : "fill";
}
