// Checks whether an origin's answer is exactly one slice of a body (RFC 9110 §14.4, §15.3.7).
import { contentLength, fieldsOf } from "../../rules/fields.ts";
import { type ByteRange, lengthOf, readContentRange } from "../../rules/ranges.ts";
import { entityTag } from "../../rules/validators.ts";
import { ChunkReader } from "../../bodies/gather.ts";
import type { HeldApart, StoredMetadata } from "../../pages/stored/stored-response.ts";

/** The body of a head, which is stored in slices. */
export interface SlicedBody extends HeldApart {
  /** A random name. All slices of a generation are parts of one body. */
  readonly generation: string;
  readonly sliceBytes: number;
}

/** The metadata of a response whose body is stored in slices. */
export interface Head extends StoredMetadata {
  readonly heldApart: SlicedBody;
}

/** Returns whether a record from a store is the head of a body in slices. */
export function isHead(metadata: StoredMetadata): metadata is Head {
  const { generation, sliceBytes = 0 } = (metadata.heldApart ?? {}) as Partial<SlicedBody>;
  return typeof generation === "string" && Number.isSafeInteger(sliceBytes) && sliceBytes > 0;
}

/** Returns the name of a slice. Only a head of its generation leads to it. */
export function nameOfSlice(nth: number, { generation }: SlicedBody): string {
  return `slice ${generation} ${nth}`;
}

/** Returns the bytes of a slice, counted from 0. */
export function rangeOfSlice(nth: number, { sliceBytes, totalBytes }: SlicedBody): ByteRange {
  const firstByte = nth * sliceBytes;
  return { firstByte, lastByte: Math.min(firstByte + sliceBytes, totalBytes) - 1 };
}

/** Returns the number of the slice with a byte. */
export function nthSliceAt(byte: number, { heldApart }: Head): number {
  return Math.floor(byte / heldApart.sliceBytes);
}

/**
 * Returns the length of the whole body, if the answer is exactly the requested range of it, without
 * content coding. The range may end after the body.
 */
export function totalBytesIn(
  { status, headers, body }: Response,
  { firstByte, lastByte }: ByteRange,
): number | undefined {
  const coding = headers.get("content-encoding") ?? "identity";
  const found = readContentRange(headers.get("content-range") ?? "");
  if (status !== 206 || body === null || coding !== "identity" || !found) return undefined;
  const { range, totalBytes } = found;
  const last = Math.min(lastByte, totalBytes - 1);
  const isExact =
    range.firstByte === firstByte && firstByte < totalBytes && range.lastByte === last;
  const statedBytes = contentLength(headers) ?? lengthOf(range);
  return isExact && statedBytes === lengthOf(range) ? totalBytes : undefined;
}

/** Returns the length of the whole body, if a 416 says that it ends before the range (RFC 9110 §15.5.17). */
export function totalBytesBefore(
  { status, headers }: Response,
  { firstByte }: ByteRange,
): number | undefined {
  const found = /^bytes \*\/(\d{1,15})$/i.exec(headers.get("content-range") ?? "");
  const total = Number(found?.[1] ?? Infinity);
  return status === 416 && total <= firstByte ? total : undefined;
}

/**
 * Returns whether an answer is from the body of the head. Some origins ignore `If-Range`, so the
 * validators are compared here too. A 206 may lack `Last-Modified` (RFC 9110 §15.3.7).
 */
export function isOfBody(headers: Headers, head: Head): boolean {
  const fields = fieldsOf(head);
  const tag = entityTag(fields);
  if (tag !== null) return entityTag(headers) === tag;
  const modified = headers.get("last-modified");
  return modified === null || modified === fields.get("last-modified");
}

/** The runtime ends background work after 30 s, and requests that wait for the slice would not know. */
const msMax = 25_000;

/** Reads a body of a known length. @returns `failed` for another length, or if it takes too long */
export async function wholeSlice(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  range: ByteRange,
): Promise<Blob | "failed"> {
  const reader = new ChunkReader(body, msMax, lengthOf(range));
  const whole = await reader.wholeWithin(msMax);
  if (whole === undefined) void reader.cancel();
  return whole ?? "failed";
}
