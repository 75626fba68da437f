// How a record is laid into the Cache API: its address and its header fields, none of which the cache
// acts on but the entity tag, when it is asked with one. Its body may still be on its way.
import type { BoundedCache } from "./bounded-cache.ts";
import { encodeRecord } from "../../cache/tiers/record-codec.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { ArrivingRecord, RecordHead, TierKeep, TierWrite } from "../../cache/tiers/tier.ts";

export const recordField = "tidemark-record";
/** Names the address of a body that was streamed; absent where the body lies beside the record. */
export const bodyField = "tidemark-body";
/** Cloudflare refuses larger header fields; what needs more is not stored here. */
const recordFieldBytesMax = 32_768;

/**
 * Below the request's own host: a look-up of another host would leave the colo's cache. No origin
 * request can read this address back, since everything under `/_cache/` ends at this Worker.
 *
 * @param part a body's that lies apart from its record
 */
export async function addressOf(key: RecordKey, part?: string): Promise<string> {
  const address = `https://${key.host}/_cache/stored/${await key.digest()}`;
  return part === undefined ? address : `${address}/${part}`;
}

/** What every object there has; its type keeps anything on the way from compressing the bytes. */
function objectFields({ atMs, untilAtMs }: TierKeep): Record<string, string> {
  const keepSeconds = Math.ceil((untilAtMs - atMs) / 1_000);
  return {
    "cache-control": `public, max-age=${keepSeconds}`,
    "content-type": "application/octet-stream",
  };
}

/**
 * Rejects as the cache does.
 *
 * @param body what lies beside the record; `null` for none, and for one that lies at a `part` of its own
 */
export async function writeHead(
  cache: BoundedCache,
  key: RecordKey,
  head: RecordHead<unknown>,
  { keep, body, part }: { keep: TierKeep; body: Blob | null; part?: string },
): Promise<TierWrite> {
  const text = encodeRecord(head, keep.untilAtMs);
  if (text.length > recordFieldBytesMax) return { kind: "refused", rule: "too-large" };
  const headers = new Headers({ ...objectFields(keep), [recordField]: text });
  // Tells this record from every other that is ever written.
  headers.set("etag", `"${crypto.randomUUID()}"`);
  if (part !== undefined) headers.set(bodyField, part);
  await cache.put(await addressOf(key), new Response(body, { headers }));
  return { kind: "kept" };
}

/**
 * The body goes first, under an address of its own; the head that names it is written only once
 * all of it came. A cut body is thus never found, and two fills at once never mix. Rejects as the
 * cache does.
 */
export async function writeArriving(
  cache: BoundedCache,
  key: RecordKey,
  { metadata, stream, completed }: ArrivingRecord<unknown>,
  keep: TierKeep,
): Promise<TierWrite> {
  const part = crypto.randomUUID();
  const address = await addressOf(key, part);
  let isNamed = false;
  try {
    const response = new Response(stream, { headers: objectFields(keep) });
    const put = cache.putArriving(address, response, completed);
    // A cache may take nothing and still say it did; who fills the stream would wait for ever.
    await put.finally(() => stream.cancel().catch(() => undefined));
    const bodyBytes = await completed;
    if (bodyBytes === "cut") return { kind: "refused", rule: "cut" };
    const head = { kind: "response", metadata: { ...metadata, bodyBytes } } as const;
    const written = await writeHead(cache, key, head, { keep, body: null, part });
    isNamed = written.kind === "kept";
    return written;
  } catch (cause) {
    // A stream that was cut fails its put; one that is still coming did not cause the failure.
    const isCut = (await Promise.race([completed, Promise.resolve()])) === "cut";
    if (isCut) return { kind: "refused", rule: "cut" };
    throw cause;
  } finally {
    if (!isNamed) await cache.delete(address);
  }
}
