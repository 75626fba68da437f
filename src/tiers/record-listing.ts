// Some of what the shared tier holds, for whoever wants to know what a purge would cover.
import type { StoredMetadata } from "../http/stored-response.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { isCutHead, rangeOf, recordIn, type RecordPart } from "./record-text.ts";

export interface Listed {
  readonly metadata: readonly StoredMetadata[];
  /** Nothing was left out. */
  readonly isWhole: boolean;
}

const keysAtOnce = 200;
/** Of long metadata in one round trip: a mebibyte. */
const longHeadsAtOnce = 16;

/**
 * In no order that means anything: one command for each record, and one for every two hundred keys.
 *
 * @param countMax how many records are looked at, at the most
 */
export async function listRecords(
  { redis, namespace }: { redis: RedisClient; namespace: string },
  countMax: number,
): Promise<Listed | "unavailable"> {
  if (redis.isShutOff) return "unavailable";
  const metadata: StoredMetadata[] = [];
  let [cursor, seen, isWhole] = ["0", 0, true];
  do {
    const page = await redis.insist<unknown[]>(
      (client) => client.scan(cursor, { match: `${namespace}:r:*`, count: keysAtOnce }),
      "reads",
    );
    if (page.kind === "unavailable") return "unavailable";
    cursor = String(page.value[0]);
    const found = (page.value[1] as unknown[]).map(String);
    const keys = found.slice(0, countMax - seen);
    if (keys.length < found.length) isWhole = false;
    seen += keys.length;
    const texts = await headsOf(redis, keys);
    if (texts === "unavailable") return "unavailable";
    if (texts.some(isCutHead)) isWhole = false;
    for (const text of texts) {
      const record = recordIn(text)?.record;
      if (record?.kind === "response") metadata.push(record.metadata);
    }
  } while (cursor !== "0" && seen < countMax);
  return { metadata, isWhole: cursor === "0" && isWhole };
}

/** Of those whose metadata is longer more is read, a few at a time. */
async function headsOf(
  redis: RedisClient,
  keys: readonly string[],
): Promise<readonly unknown[] | "unavailable"> {
  const texts = await textsOf(redis, keys, "metadata");
  if (texts === "unavailable") return texts;
  const cut = keys.filter((_, at) => isCutHead(texts[at]));
  const heads = texts.filter((text) => !isCutHead(text));
  for (let at = 0; at < cut.length; at += longHeadsAtOnce) {
    const longer = await textsOf(redis, cut.slice(at, at + longHeadsAtOnce), "long-metadata");
    if (longer === "unavailable") return longer;
    heads.push(...longer);
  }
  return heads;
}

/** As many look-ups' worth take longer than one may, and tell nothing of how long one takes. */
async function textsOf(redis: RedisClient, keys: readonly string[], part: RecordPart) {
  if (keys.length === 0) return [];
  const answer = await redis.insist<{ result?: unknown }[]>((client) => {
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.getrange(...rangeOf(key, part));
    // Somebody else's key that is no string fails alone.
    return pipeline.exec({ keepErrors: true });
  }, "reads");
  return answer.kind === "unavailable" ? answer.kind : answer.value.map(({ result }) => result);
}
