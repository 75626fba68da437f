// Encodes bodies as text for Redis: one letter for the encoding, then the text itself or base64.
// Longer bodies are stored as gzip if that saves enough.
import { BytesBody, bytesOf, sizeOf, type RecordMetadata } from "../../cache/record/record.ts";
import { nodeGlobals } from "../../base/node-globals.ts";
import { gunzipped, gzipped } from "./gzip.ts";
import { bodyIn, type RecordForm } from "../../cache/tiers/record-form.ts";
import type { TierRecord, TierWrite } from "../../cache/tiers/tier.ts";
import { headCharsMax } from "./record-text.ts";

/**
 * The letters for the encodings. They are part of the body, because metadata may be rewritten
 * without the body.
 */
const asText = "t";
const asBase64 = "i";
const asGzip = "g";

/**
 * The smallest body to compress, in bytes. At this size, compression saves some 1,400 bytes, or 0.1
 * ms at 100 Mbit/s. For a hit, decompression takes as long.
 */
const gzipFromBytes = 2_048;

/**
 * The largest ratio of compressed to uncompressed size at which a body is stored compressed. Above
 * it, the saving does not pay for decompression.
 */
const gzipShareMax = 0.8;

/**
 * Encodes a body. Text stays as it is if the first read returns the whole record, so that a hit
 * decompresses nothing. GETRANGE counts bytes, and could cut a character of a longer text. REST would
 * also escape control characters, which makes text up to six times as long.
 *
 * @param isWorthPacking whether to try compression (`RecordForm.isWorthPacking`)
 * @param headBytes the length of the record's head, with its line feed
 */
export function bodyTextOf(
  body: Uint8Array<ArrayBuffer>,
  isWorthPacking: boolean,
  headBytes: number,
): string | Promise<string> {
  const text = isReadAtOnce(body.byteLength, headBytes) ? textIn(body) : undefined;
  if (text !== undefined) return asText + text;
  const isPacked = body.byteLength >= gzipFromBytes && isWorthPacking;
  return isPacked ? packedText(body) : asBase64 + toBase64(body);
}

function isReadAtOnce(bodyBytes: number, headBytes: number): boolean {
  return headBytes + asText.length + bodyBytes < headCharsMax;
}

function packedText(body: Uint8Array<ArrayBuffer>): string | Promise<string> {
  const textOf = (packed: Uint8Array<ArrayBuffer>) => {
    const isWorthIt = packed.byteLength <= gzipShareMax * body.byteLength;
    return isWorthIt ? asGzip + toBase64(packed) : asBase64 + toBase64(body);
  };
  const packed = gzipped(body);
  return packed instanceof Promise ? packed.then(textOf) : textOf(packed);
}

/** Keeps a byte order mark, which is part of the body. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes UTF-8. Returns `undefined` if it is invalid. */
function textIn(body: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return decoder.decode(body);
  } catch {
    return undefined;
  }
}

/**
 * Decodes a body. Never throws.
 *
 * @param bodyBytesMax the limit for decompression, even if the metadata states a longer body
 * @returns `undefined` for text that cannot be decoded, for gzip over the limit, and for gzip that
 *   inflates to another length than `bodyBytes`
 */
export function decodeBody(
  text: string,
  { bodyBytes }: Pick<RecordMetadata, "bodyBytes">,
  bodyBytesMax: number,
): BytesBody | undefined | Promise<BytesBody | undefined> {
  const [letter, content] = [text.slice(0, 1), text.slice(1)];
  if (letter === asText) return BytesBody.ofText(content);
  const bytes = fromBase64(content);
  if (bytes === undefined || bodyBytes === null) return undefined;
  if (letter === asBase64) return new BytesBody(bytes);
  if (letter !== asGzip || bodyBytes > bodyBytesMax) return undefined;
  const inBody = (found: Uint8Array<ArrayBuffer> | undefined) => found && new BytesBody(found);
  const unpacked = gunzipped(bytes, bodyBytes);
  return unpacked instanceof Promise ? unpacked.then(inBody) : inBody(unpacked);
}

/**
 * Returns the length of a body's text in bytes. Only text that stays as it is may have characters of
 * several bytes.
 */
export function bytesOfText<Detail>(text: string, record: TierRecord<Detail>): number {
  const body = bodyIn(record);
  // A look at the text would copy it.
  if (body?.text !== undefined) return text.length;
  return text.startsWith(asText) && body !== undefined ? 1 + sizeOf(body) : text.length;
}

/** Node before 25 lacks the base64 of `Uint8Array`, which costs half of a `Buffer`'s. */
const Buffer = "fromBase64" in Uint8Array ? undefined : nodeGlobals.Buffer;

function toBase64(bytes: Uint8Array<ArrayBuffer>): string {
  if (Buffer === undefined) return bytes.toBase64();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Decodes base64. Returns `undefined` if it is invalid. A `Buffer` skips invalid characters. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  // Copies the bytes, because a short `Buffer` keeps its whole pool in memory.
  if (Buffer !== undefined) return new Uint8Array(Buffer.from(text, "base64"));
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return undefined;
  }
}

/**
 * Returns a record's body as text, or the reason why the record is not stored. A marker has no
 * body.
 */
export function bodyOf<Detail>(
  record: TierRecord<Detail>,
  { bodyBytesMax, form }: { readonly bodyBytesMax: number; readonly form: RecordForm<Detail> },
  headBytes: number,
): string | TierWrite | Promise<string> {
  if (record.kind === "vary") return "";
  const { body, metadata } = record.stored;
  if (body.kind !== "blob") return { kind: "refused", rule: "arriving" };
  if (sizeOf(body) > bodyBytesMax) return { kind: "refused", rule: "too-large" };
  // Without a digest, no read could verify the body.
  if (metadata.bodyDigest === null) return { kind: "refused", rule: "no-digest" };
  const isWorthPacking = form.isWorthPacking(metadata);
  const { text } = body;
  if (text !== undefined && isReadAtOnce(text.length, headBytes)) return asText + text;
  if (body.bytes !== undefined) return bodyTextOf(body.bytes, isWorthPacking, headBytes);
  return bytesOf(body).then((bytes) => bodyTextOf(bytes, isWorthPacking, headBytes));
}
