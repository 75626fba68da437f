// Defines how to check and measure the detail that a user adds to records. Tiers do not depend on
// its members.
import type { HeldBody } from "../record/body-of-bytes.ts";
import type { MetadataWith } from "../record/record.ts";
import type { RecordHead } from "./tier.ts";

export interface CheckedRecord<Detail> {
  readonly record: RecordHead<Detail>;
  readonly keepUntilAtMs: number;
}

export interface RecordForm<Detail> {
  /**
   * Returns a checked record; `undefined` for another form. Created by `recordCheck`. Never throws.
   */
  readonly check: (parsed: unknown) => CheckedRecord<Detail> | undefined;
  /** Returns an upper estimate of the detail's memory. */
  readonly heapBytes: (metadata: MetadataWith<Detail>) => number;
  /**
   * Returns whether the record may evict any record from memory. If not, it may evict only records
   * for which this function also returns false.
   */
  readonly mayPushOutOthers: (metadata: MetadataWith<Detail>) => boolean;
  /** Returns whether the body is uncompressed text. */
  readonly isWorthPacking: (metadata: MetadataWith<Detail>) => boolean;
  /** Creates the body of a record from the bytes that a tier has read. Default: a `Blob`. */
  readonly bodyOf?: (bytes: Uint8Array<ArrayBuffer>) => HeldBody;
}
