// A body as text for Redis: a letter that says how it lies, then base64. What is worth packing lies
// as gzip where that is clearly smaller; nobody outside of the shared tier sees that.
import type { RecordMetadata } from "../../cache/record/record.ts";
import { gunzipped, gzipped } from "./gzip.ts";
import type { RecordForm } from "../../cache/tiers/record-form.ts";
import type { TierRecord, TierWrite } from "../../cache/tiers/tier.ts";

/** The letter stands with the bytes it is about: metadata may be rewritten without them. */
const asItIs = "i";
const asGzip = "g";

/**
 * Unpacking takes a hit 0.1 ms at any size. So long the 1,400 bytes are under way, at 100 Mbit/s, that
 * are saved of this one (docs/adr/0014).
 */
const gzipFromBytes = 2_048;

/** Each look-up pays for the unpacking, so what is hardly smaller lies as it is. */
const gzipShareMax = 0.8;

/** @param isWorthPacking as its form says of the record (`RecordForm`) */
export async function bodyTextOf(body: Blob, isWorthPacking: boolean): Promise<string> {
  if (body.size >= gzipFromBytes && isWorthPacking) {
    const packed = await gzipped(body);
    const isWorthIt = packed.byteLength <= gzipShareMax * body.size;
    if (isWorthIt) return asGzip + toBase64(packed);
  }
  return asItIs + toBase64(new Uint8Array(await body.arrayBuffer()));
}

/**
 * @param bodyBytesMax whatever the metadata says, no body is unpacked beyond that
 * @returns `undefined` for what no body of that length can be made of. Never throws.
 */
export async function bodyIn(
  text: string,
  { bodyBytes }: Pick<RecordMetadata, "bodyBytes">,
  bodyBytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = fromBase64(text.slice(1));
  if (bytes === undefined || bodyBytes === null) return undefined;
  if (text.startsWith(asItIs)) return bytes;
  if (!text.startsWith(asGzip) || bodyBytes > bodyBytesMax) return undefined;
  return gunzipped(bytes, bodyBytes);
}

/** Node before 25 has no base64 of bytes; where a runtime has it, it is many times as quick. */
const hasBase64 = "fromBase64" in Uint8Array;

function toBase64(bytes: Uint8Array): string {
  if (hasBase64) return bytes.toBase64();
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** @returns `undefined` for what is no base64 */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    if (hasBase64) return Uint8Array.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return undefined;
  }
}

/** What a record's body is sent as, or why it is not sent. A marker has none. */
export async function bodyOf<Detail>(
  record: TierRecord<Detail>,
  { bodyBytesMax, form }: { readonly bodyBytesMax: number; readonly form: RecordForm<Detail> },
): Promise<string | TierWrite> {
  if (record.kind === "vary") return "";
  const { body, metadata } = record.stored;
  if (body.kind !== "blob") return { kind: "refused", rule: "arriving" };
  if (body.blob.size > bodyBytesMax) return { kind: "refused", rule: "too-large" };
  // No read could tell whether the body is the one that was meant.
  if (metadata.bodyDigest === null) return { kind: "refused", rule: "no-digest" };
  return bodyTextOf(body.blob, form.isWorthPacking(metadata));
}
