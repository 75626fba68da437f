// How a record gets into the Cache API: one with its body, and one whose body is still on its way.
import type { BoundedCache } from "./bounded-cache.ts";
import { addressOf, objectFields, recordFieldBytesMax, recordFields } from "./edge-form.ts";
import { encodeRecord } from "./record-codec.ts";
import type { RecordHead } from "./record-form.ts";
import type { RecordKey } from "../record/record-key.ts";
import type { ArrivingRecord, TierKeep, TierWrite } from "./tier.ts";

/**
 * Rejects as the cache does.
 *
 * @param body what lies beside the record; `null` for none, and for one that lies at a `part` of its own
 */
export async function writeHead(
  cache: BoundedCache,
  key: RecordKey,
  head: RecordHead<unknown>,
  { keep, body, part }: { keep: TierKeep; body: ReadableStream<Uint8Array> | null; part?: string },
): Promise<TierWrite> {
  const text = encodeRecord(head, keep.untilAtMs);
  if (text.length > recordFieldBytesMax) return { kind: "refused", rule: "too-large" };
  const headers = { ...objectFields(keep), ...recordFields(text, part) };
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
