// The form of a record's detail, so that tiers need not know what a status or a field is.
import type { MetadataWith } from "../record/record.ts";
import type { RecordHead } from "./tier.ts";

export interface CheckedRecord<Detail> {
  readonly record: RecordHead<Detail>;
  readonly keepUntilAtMs: number;
}

export interface RecordForm<Detail> {
  /** Made by `recordCheck`. Returns `undefined` for another form. Never throws. */
  readonly check: (parsed: unknown) => CheckedRecord<Detail> | undefined;
  /** Returns an upper estimate of the detail's memory. */
  readonly heapBytes: (metadata: MetadataWith<Detail>) => number;
  /** Returns whether the record may evict any other record from memory, or only its like. */
  readonly mayPushOutOthers: (metadata: MetadataWith<Detail>) => boolean;
  /** Returns whether the body is uncompressed text. */
  readonly isWorthPacking: (metadata: MetadataWith<Detail>) => boolean;
}
