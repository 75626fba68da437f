// What a record takes in the isolate's heap, and beside it.
import type { RecordForm } from "./record-form.ts";
import type { TierRecord } from "./tier.ts";

/** What a marker takes that lists no variants. */
const markerBytes = 512;

/** What a marker takes for each variant that it lists: an array, a short text and a number. */
const variantBytes = 128;

/** Bytes of a marker for each whole digest, beside these. */
const digestBytes = 96;

/** What a record takes without detail, tags and body: its place here, metadata, terms. */
const recordBytes = 1_024;

/** What stands around one text among many, such as a tag. */
export const textBytes = 24;

/** An upper estimate, text at a byte a character; `npm run bench -- isolate-memory` measures it. */
export function heapBytes<Detail>(record: TierRecord<Detail>, form: RecordForm<Detail>): number {
  if (record.kind === "vary") {
    const { variants, digests = [] } = record;
    return markerBytes + variantBytes * variants.length + digestBytes * digests.length;
  }
  const { metadata } = record.stored;
  let bytes = recordBytes + form.heapBytes(metadata);
  // Once as it was given, once as purges name it.
  for (const tag of metadata.tags) bytes += 2 * (textBytes + tag.length);
  for (const group of metadata.groups ?? []) bytes += 2 * (textBytes + group.length);
  return bytes + (blobIn(record)?.size ?? 0);
}

/** @returns `undefined` of a marker, and of a body that is not held whole */
export function blobIn(record: TierRecord<unknown>): Blob | undefined {
  if (record.kind === "vary") return undefined;
  const { body } = record.stored;
  return body.kind === "blob" ? body.blob : undefined;
}
