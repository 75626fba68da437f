// Estimates the memory that a record occupies in an isolate.
import { type HeldBody, sizeOf } from "../record/body-of-bytes.ts";
import type { RecordForm } from "./record-form.ts";
import type { TierRecord } from "./tier.ts";

/** The size of a marker without variants. */
const markerBytes = 512;

/** The size of a listed variant: an array, a digest and a number. */
const variantBytes = 192;

/** The size of a record without its detail, tags and body. */
const recordBytes = 1_024;

/** The overhead of a string in an array, such as a tag. */
export const textBytes = 24;

/**
 * Returns an upper estimate, at one byte per character. `npm run bench -- isolate-memory` measures
 * the actual size.
 */
export function heapBytes<Detail>(record: TierRecord<Detail>, form: RecordForm<Detail>): number {
  if (record.kind === "vary") return markerBytes + variantBytes * record.variants.length;
  const { metadata } = record.stored;
  let bytes = recordBytes + form.heapBytes(metadata);
  // A tag is stored twice: as received, and as purges spell it.
  for (const tag of metadata.tags) bytes += 2 * (textBytes + tag.length);
  for (const group of metadata.groups ?? []) bytes += 2 * (textBytes + group.length);
  const body = bodyIn(record);
  return bytes + (body === undefined ? 0 : sizeOf(body));
}

/** Returns the body in memory; `undefined` for a marker, and for a body that is not in memory. */
export function bodyIn(record: TierRecord<unknown>): HeldBody | undefined {
  if (record.kind === "vary") return undefined;
  const { body } = record.stored;
  return body.kind === "blob" ? body : undefined;
}
