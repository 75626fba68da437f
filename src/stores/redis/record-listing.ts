// Lists records of the shared tier, to show an operator which records a purge would cover.
import type { Command } from "../../remote/redis/redis.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { MetadataWith } from "../../cache/record/record.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import { isCutHead, readCommand, recordIn, type RecordPart } from "./record-text.ts";
import {
  type ListingLimit,
  type RecordList,
  type ListingBounds,
  listingMsMax,
} from "../../cache/tiers/tier.ts";

/** The unused part of a listing's limits. */
interface Remainder {
  isTimeOver: boolean;
  commands: number;
}

const keysAtOnce = 200;
/**
 * The maximum number of pages of SCAN. Each page costs a command, and also examines keys of other
 * applications.
 */
const pagesMax = 50;
/** The maximum number of long heads per round trip: 1 MiB at 64 KiB each. */
const longHeadsAtOnce = 16;

/** A database, and the namespace of the records. */
export interface RecordsInRedis<Detail> {
  readonly redis: RedisClient;
  readonly form: RecordForm<Detail>;
  readonly namespace: string;
}

/**
 * Lists records in arbitrary order. Costs a command per record, one per 200 keys, and another per
 * record with long metadata. After `listingMsMax`, reads no further keys or long metadata.
 */
export async function listRecords<Detail>(
  records: RecordsInRedis<Detail>,
  { recordsMax, commandsMax }: ListingBounds,
): Promise<RecordList<Detail> | "unavailable"> {
  if (records.redis.health.isBreakerOpen) return "unavailable";
  const left: Remainder = { isTimeOver: false, commands: commandsMax };
  const timer = setTimeout(() => (left.isTimeOver = true), listingMsMax);
  return listWithin(records, recordsMax, left).finally(() => clearTimeout(timer));
}

async function listWithin<Detail>(
  { redis, form, namespace }: RecordsInRedis<Detail>,
  countMax: number,
  left: Remainder,
): Promise<RecordList<Detail> | "unavailable"> {
  const metadata: MetadataWith<Detail>[] = [];
  let leftOut: ListingLimit | undefined;
  let [cursor, seenCount] = ["0", 0];
  for (let pageCount = 0; pageCount < pagesMax && !left.isTimeOver; pageCount += 1) {
    if (left.commands === 0) return { metadata, leftOut: "commands" };
    left.commands -= 1;
    const scan: Command = ["SCAN", cursor, "MATCH", `${namespace}:r:*`, "COUNT", keysAtOnce];
    const page = await redis.insist("listing", (client) => client.exec<unknown[]>(scan), "reads");
    if (page.kind === "unavailable") return "unavailable";
    cursor = String(page.value[0]);
    const found = (page.value[1] as unknown[]).map(String);
    const keys = found.slice(0, Math.min(countMax - seenCount, left.commands));
    seenCount += keys.length;
    const heads = await headsOf(redis, keys, left);
    if (heads === "unavailable") return "unavailable";
    if (heads.some(isCutHead)) leftOut = whyCut(left);
    for (const [at, head] of heads.entries()) {
      const record = recordIn(keys[at] ?? "", head, { form })?.record;
      if (record?.kind === "response") metadata.push(record.metadata);
    }
    if (keys.length < found.length) {
      return { metadata, leftOut: seenCount < countMax ? "commands" : "records" };
    }
    if (cursor === "0") return { metadata, leftOut };
    if (seenCount >= countMax) return { metadata, leftOut: "records" };
  }
  return { metadata, leftOut: left.isTimeOver ? "time" : "keys" };
}

/** Returns the reason why long metadata was not read in full. */
function whyCut({ isTimeOver, commands }: Remainder): ListingLimit {
  if (isTimeOver) return "time";
  return commands === 0 ? "commands" : "metadata";
}

/**
 * Reads heads, in the order of the keys. Reads long heads again, in small groups, while time and
 * commands remain.
 */
async function headsOf(
  redis: RedisClient,
  keys: readonly string[],
  left: Remainder,
): Promise<readonly unknown[] | "unavailable"> {
  const texts = await textsOf(redis, keys, "metadata");
  left.commands -= keys.length;
  if (texts === "unavailable") return texts;
  const heads = [...texts];
  const cut = [...keys.keys()].filter((at) => isCutHead(texts[at]));
  for (let from = 0; from < cut.length; from += longHeadsAtOnce) {
    const some = cut.slice(from, from + longHeadsAtOnce);
    if (left.commands < some.length) left.commands = 0;
    if (left.isTimeOver || left.commands === 0) return heads;
    left.commands -= some.length;
    const someKeys = some.map((at) => keys[at] ?? "");
    const longer = await textsOf(redis, someKeys, "long-metadata");
    if (longer === "unavailable") return longer;
    for (const [nth, at] of some.entries()) heads[at] = longer[nth];
  }
  return heads;
}

/** Reads parts of values. A slow pipeline must not count as a slow lookup, hence `insist`. */
async function textsOf(redis: RedisClient, keys: readonly string[], part: RecordPart) {
  if (keys.length === 0) return [];
  const reads = keys.map((key) => readCommand(key, part));
  // A key of another application may have another type. Then only the command for that key fails.
  const answer = await redis.insist(
    "listing",
    (client) => client.pipeline(reads, { keepsRefusals: true }),
    "reads",
  );
  return answer.kind === "unavailable" ? answer.kind : answer.value;
}
