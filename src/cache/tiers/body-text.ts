// A body as text for Redis: a letter that says how it lies, then base64. What is worth packing lies
// as gzip where that is clearly smaller; nobody outside of the shared tier sees that.
import type { RecordMetadata } from "../record/record.ts";
import { gunzipped, gzipped } from "./gzip.ts";

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
    if (isWorthIt) return asGzip + packed.toBase64();
  }
  return asItIs + new Uint8Array(await body.arrayBuffer()).toBase64();
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
  const bytes = bytesOf(text.slice(1));
  if (bytes === undefined || bodyBytes === null) return undefined;
  if (text.startsWith(asItIs)) return bytes;
  if (!text.startsWith(asGzip) || bodyBytes > bodyBytesMax) return undefined;
  return gunzipped(bytes, bodyBytes);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return undefined;
  }
}
