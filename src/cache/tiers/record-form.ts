// Defines how to check and measure the detail that a user adds to records, and estimates the memory
// of a record. Tiers do not depend on the detail's members.
import { type HeldBody, type MetadataWith, sizeOf } from "../record/record.ts";
import type { RecordHead, TierRecord } from "./tier.ts";

export type Check = (value: unknown) => boolean;

/** A member of metadata, with its name and its check in the text of a record. */
export interface Member {
  readonly name: string;
  readonly inText: string;
  readonly isValid: Check;
  readonly isRequired: boolean;
  readonly leftOut: unknown;
}

export interface CheckedRecord<Detail> {
  readonly record: RecordHead<Detail>;
  readonly keepUntilAtMs: number;
  /** The beginning of the digest of the record's key, if the text has it. */
  readonly mark?: unknown;
}

export interface RecordForm<Detail> {
  /** All members of metadata, with their checks. Created by `membersWith`. */
  readonly members: readonly Member[];
  /**
   * Returns how long a record is usually kept after its response. Text leaves this time out, so a
   * change of its calculation is a change of the format.
   */
  readonly keepMs?: (metadata: MetadataWith<Detail>) => number;
  /** Returns whether a record that was read may be used. Default: always. */
  readonly isUsable?: (metadata: MetadataWith<Detail>) => boolean;
  /** Returns an upper estimate of the detail's memory. */
  readonly heapBytes: (metadata: MetadataWith<Detail>) => number;
  /**
   * Returns whether the record may evict any record from memory. If not, it may evict only records
   * for which this function also returns false.
   */
  readonly mayPushOutOthers: (metadata: MetadataWith<Detail>) => boolean;
  /** Returns whether the body is uncompressed text. */
  readonly isWorthPacking: (metadata: MetadataWith<Detail>) => boolean;
}

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
