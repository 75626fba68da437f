// How a record lies in the Cache API: its address and its header fields, none of which the cache
// acts on but the entity tag, when it is asked with one.
import type { ByteRange } from "../../http/ranges.ts";
import type { RecordKey } from "../record/record-key.ts";
import type { TierKeep } from "./tier.ts";

export const recordField = "tidemark-record";
/** Names the address of a body that was streamed; absent where the body lies beside the record. */
export const bodyField = "tidemark-body";
/** Cloudflare refuses larger header fields; what needs more is not stored here. */
export const recordFieldBytesMax = 32_768;

/** What every object there has; its type keeps anything on the way from compressing the bytes. */
export function objectFields({ atMs, untilAtMs }: TierKeep): Record<string, string> {
  const keepSeconds = Math.ceil((untilAtMs - atMs) / 1_000);
  return {
    "cache-control": `public, max-age=${keepSeconds}`,
    "content-type": "application/octet-stream",
  };
}

/**
 * @param text the record's; its tag tells it from every other that is ever written
 * @param part names the body's address; absent where the body lies beside the record
 */
export function recordFields(text: string, part?: string): Record<string, string> {
  const fields = { etag: `"${crypto.randomUUID()}"`, [recordField]: text };
  return part === undefined ? fields : { ...fields, [bodyField]: part };
}

/**
 * Below the request's own host: a look-up of another host would leave the colo's cache. No origin
 * request can read this address back, since everything under `/_cache/` ends at this Worker.
 */
export async function addressOf(key: RecordKey, part?: string): Promise<string> {
  const address = `https://${key.host}/_cache/stored/${await key.digest()}`;
  return part === undefined ? address : `${address}/${part}`;
}

/** Answered with a 304 while what lies there bears that tag. */
export function unless(entityTag: string, address: string): Request {
  return new Request(address, { headers: { "if-none-match": entityTag } });
}

/**
 * Answered with a 206 where the cache knows ranges, and with all of it elsewhere
 * (developers.cloudflare.com, "Cache API").
 */
export function ranged({ firstByte, lastByte }: ByteRange, address: string): Request {
  return new Request(address, { headers: { range: `bytes=${firstByte}-${lastByte}` } });
}
