// How a record gets into the Cache API: one with its body, and one whose body is still on its way.
import type { BoundedCache } from "./bounded-cache.ts";
import { addressOf, bodyField, recordFieldBytesMax, recordFields } from "./edge-form.ts";
import { encodeRecord } from "./record-codec.ts";
import type { RecordHead } from "./record-form.ts";
import type { RecordKey } from "../record/record-key.ts";
import type { ArrivingRecord, TierKeep, TierWrite } from "./tier.ts";

interface EdgeWrite {
  readonly keep: TierKeep;
  /** Header fields, beside those of the record. */
  readonly fields: Record<string, string>;
}

/** Rejects as the cache does. */
export async function writeHead(
  cache: BoundedCache,
  key: RecordKey,
  written: EdgeWrite & {
    readonly head: RecordHead<unknown>;
    readonly body: ReadableStream<Uint8Array> | null;
  },
): Promise<TierWrite> {
  const text = encodeRecord(written.head, written.keep.untilAtMs);
  if (text.length > recordFieldBytesMax) return { kind: "refused", rule: "too-large" };
  const headers = { ...written.fields, ...recordFields(text) };
  await cache.put(await addressOf(key), new Response(written.body, { headers }));
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
  { arriving, keep, fields }: EdgeWrite & { readonly arriving: ArrivingRecord<unknown> },
): Promise<TierWrite> {
  const { metadata, stream, completed } = arriving;
  if (keep.untilAtMs <= keep.atMs) {
    await stream.cancel().catch(() => undefined);
    return { kind: "refused", rule: "expired" };
  }
  const part = crypto.randomUUID();
  const address = await addressOf(key, part);
  let isNamed = false;
  try {
    const put = cache.putArriving(address, new Response(stream, { headers: fields }), completed);
    // A cache may take nothing and still say it did; who fills the stream would wait for ever.
    await put.finally(() => stream.cancel().catch(() => undefined));
    const bodyBytes = await completed;
    if (bodyBytes === "cut") return { kind: "refused", rule: "cut" };
    const head = { kind: "response", metadata: { ...metadata, bodyBytes } } as const;
    const named = { ...fields, [bodyField]: part };
    const written = await writeHead(cache, key, { head, body: null, keep, fields: named });
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
