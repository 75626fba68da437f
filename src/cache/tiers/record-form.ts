// What a tier has to know of the detail of its records: whoever brings a detail brings its form, so
// that no tier knows what a status or a field is.
import type { MetadataWith } from "../record/record.ts";
import type { RecordHead } from "./tier.ts";

export interface CheckedRecord<Detail> {
  readonly record: RecordHead<Detail>;
  readonly keepUntilAtMs: number;
}

export interface RecordForm<Detail> {
  /** Made by `recordCheck`. Gives `undefined` for what has another form. Never throws. */
  readonly check: (parsed: unknown) => CheckedRecord<Detail> | undefined;
  /** What the detail takes of the heap, and beside it: an upper estimate. */
  readonly heapBytes: (metadata: MetadataWith<Detail>) => number;
  /** May it push other records out of memory? If not, it pushes out its like alone. */
  readonly mayPushOutOthers: (metadata: MetadataWith<Detail>) => boolean;
  /** Is its body text that nobody has packed yet? */
  readonly isWorthPacking: (metadata: MetadataWith<Detail>) => boolean;
}
