// The shared tier: Upstash Redis, seen by all colos. A record is one hash: `m`, metadata as JSON
// that names its body by digest, and `b`, the body in base64.
import type { Redis } from "@upstash/redis/cloudflare";
import type { StoredMetadata } from "../http/stored-response.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { decodeRecord, encodeRecord, headOf, type RecordHead } from "./record-codec.ts";
import type { RecordKey } from "./record-key.ts";
import { sha256Hex } from "../sha256.ts";
import {
  type ArrivingResponse,
  refuseArriving,
  type Tier,
  type TierAsk,
  type TierKeep,
  type TierRead,
  type TierRecord,
  type TierWrite,
} from "./tier.ts";

export interface SharedTierSettings {
  readonly redis: RedisClient;
  readonly namespace: string;
  readonly bodyBytesMax: number;
  /** Of bodies that are on their way to a slow database at one time. */
  readonly uploadBytesMax: number;
  /** A record of another version or form, or a body that is not the one its metadata names. */
  readonly onBadRecord: () => void;
}

/** Longer than a write may take: the runtime may end one without a word. */
const uploadMsMax = 10_000;

/** A body in base64, on its way. */
interface Upload {
  readonly bytes: number;
  readonly sinceAtMs: number;
}

export class SharedTier implements Tier {
  readonly name = "shared";
  readonly #settings: SharedTierSettings;
  readonly #uploads = new Set<Upload>();

  constructor(settings: SharedTierSettings) {
    this.#settings = settings;
  }

  async read(key: RecordKey, ask: TierAsk): Promise<TierRead> {
    const hashKey = await this.#hashKey(key);
    const fields = ask.part === "whole" ? ["m", "b"] : ["m"];
    const answer = await this.#settings.redis.read<unknown>(async (redis) => {
      if (ask.atPrimary !== true) return redis.hmget(hashKey, ...fields);
      const [reply] = await redis
        .multi()
        .hmget(hashKey, ...fields)
        .exec<[unknown]>();
      return reply;
    }, ask.afterAnswer);
    if (answer.kind === "unavailable") return answer;
    // Left as it came, the reply is a list in the order of the fields.
    const [m, b]: unknown[] = Array.isArray(answer.value) ? answer.value : [];
    if (typeof m !== "string") return { kind: "absent" };
    const decoded = decodeRecord(m);
    if (decoded === undefined) return this.#bad();
    if (ask.atMs >= decoded.keepUntilAtMs) return { kind: "absent" };
    return this.#withBody(decoded.record, ask.part === "whole" ? (b ?? null) : undefined);
  }

  /** @param body `undefined` if it was not asked for, `null` if it is not there */
  async #withBody(record: RecordHead, body: unknown): Promise<TierRead> {
    if (record.kind === "vary") return { kind: "found", record };
    const { metadata } = record;
    if (body === undefined) {
      const stored = { metadata, body: { kind: "absent" } } as const;
      return { kind: "found", record: { kind: "response", stored } };
    }
    const bytes = typeof body === "string" ? bytesOf(body) : undefined;
    if (bytes === undefined || (await sha256Hex(bytes)) !== metadata.bodyDigest) return this.#bad();
    const stored = { metadata, body: { kind: "bytes", bytes } } as const;
    return { kind: "found", record: { kind: "response", stored } };
  }

  #bad(): TierRead {
    this.#settings.onBadRecord();
    return { kind: "absent" };
  }

  /**
   * Some of what is stored, in no order that means anything: one command for each of them, and one
   * for every five hundred keys.
   *
   * @param countMax how many records are looked at, at the most
   */
  async listed(
    countMax: number,
  ): Promise<{ metadata: StoredMetadata[]; isWhole: boolean } | "unavailable"> {
    const { redis, namespace } = this.#settings;
    const metadata: StoredMetadata[] = [];
    let [cursor, seen, isCut] = ["0", 0, false];
    do {
      const page = await redis.attempt<unknown[]>((client) =>
        client.scan(cursor, { match: `${namespace}:r:*`, count: 500 }),
      );
      if (page.kind === "unavailable") return "unavailable";
      cursor = String(page.value[0]);
      const found = (page.value[1] as unknown[]).map(String);
      const keys = found.slice(0, countMax - seen);
      isCut = keys.length < found.length;
      seen += keys.length;
      const heads = await redis.attempt<{ result?: unknown }[]>((client) => {
        const pipeline = client.pipeline();
        for (const key of keys) pipeline.hget(key, "m");
        // Somebody else's key that is no hash fails alone.
        return keys.length === 0 ? Promise.resolve([]) : pipeline.exec({ keepErrors: true });
      });
      if (heads.kind === "unavailable") return "unavailable";
      for (const { result: m } of heads.value) {
        const decoded = typeof m === "string" ? decodeRecord(m) : undefined;
        if (decoded?.record.kind === "response") metadata.push(decoded.record.metadata);
      }
    } while (cursor !== "0" && seen < countMax);
    return { metadata, isWhole: cursor === "0" && !isCut };
  }

  async remove(key: RecordKey): Promise<void> {
    const hashKey = await this.#hashKey(key);
    await this.#settings.redis.remove((redis) => redis.del(hashKey));
  }

  async write(
    key: RecordKey,
    record: TierRecord | ArrivingResponse,
    keep: TierKeep,
  ): Promise<TierWrite> {
    if (record.kind === "arriving") return refuseArriving(record);
    const keepMs = Math.floor(keep.untilAtMs - keep.atMs);
    if (keepMs <= 0) return { kind: "refused", rule: "expired" };
    const body = base64Of(record, this.#settings.bodyBytesMax);
    if (typeof body === "object") return body;
    const upload = { bytes: body.length, sinceAtMs: keep.atMs };
    if (!this.#hasRoomFor(upload)) return { kind: "refused", rule: "busy" };
    this.#uploads.add(upload);
    const hashKey = await this.#hashKey(key);
    const m = encodeRecord(headOf(record), keep.untilAtMs);
    const answer = await this.#settings.redis.write(async (redis) => {
      const bodyStays = await holdsBodyOf({ redis, record, hashKey, body: keep.body });
      return redis
        .multi()
        .hset(hashKey, bodyStays ? { m } : { m, b: body })
        .pexpire(hashKey, keepMs)
        .exec();
    });
    this.#uploads.delete(upload);
    return answer.kind === "answered" ? { kind: "kept" } : answer;
  }

  /** One has, however large. */
  #hasRoomFor({ bytes, sinceAtMs: atMs }: Upload): boolean {
    let heldBytes = 0;
    for (const upload of this.#uploads) {
      if (Math.abs(atMs - upload.sinceAtMs) > uploadMsMax) this.#uploads.delete(upload);
      else heldBytes += upload.bytes;
    }
    return heldBytes === 0 || heldBytes + bytes <= this.#settings.uploadBytesMax;
  }

  #hashKey(key: RecordKey): Promise<string> {
    return sharedKey(this.#settings.namespace, key);
  }
}

/** Under which Redis keeps a record. */
export async function sharedKey(namespace: string, key: RecordKey): Promise<string> {
  return `${namespace}:r:${await key.digest()}`;
}

/**
 * Metadata without its body would be a record that nobody can use, so unless this look-up read the
 * body here, the tier is asked first: one command instead of an upload.
 */
async function holdsBodyOf(written: {
  redis: Redis;
  record: TierRecord;
  hashKey: string;
  body: TierKeep["body"];
}): Promise<boolean> {
  const { redis, record, hashKey, body } = written;
  if (record.kind === "vary" || body === "new") return false;
  if (body === "as-read") return true;
  const held: unknown = await redis.hget(hashKey, "m");
  const decoded = typeof held === "string" ? decodeRecord(held) : undefined;
  return (
    decoded?.record.kind === "response" &&
    decoded.record.metadata.bodyDigest === record.stored.metadata.bodyDigest
  );
}

/** A marker has an empty body, which replaces that of a response which stood there before. */
function base64Of(record: TierRecord, bodyBytesMax: number): string | TierWrite {
  if (record.kind === "vary") return "";
  const { body } = record.stored;
  if (body.kind !== "bytes") return { kind: "refused", rule: "arriving" };
  if (body.bytes.byteLength > bodyBytesMax) return { kind: "refused", rule: "too-large" };
  return body.bytes.toBase64();
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}
