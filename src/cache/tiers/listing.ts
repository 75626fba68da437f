// The result of a listing of stored records, and its limits.
import type { MetadataWith } from "../record/record.ts";

export interface RecordList<Detail> {
  readonly metadata: readonly MetadataWith<Detail>[];
  /** The reason why the list is incomplete; `undefined` if it is complete. */
  readonly leftOut: ListingLimit | undefined;
}

/**
 * The limit that a listing reached. `keys`: too many keys of other applications. `metadata`: records
 * with long metadata.
 */
export type ListingLimit = "records" | "keys" | "time" | "metadata" | "commands";

/** The timeout of a listing. */
export const listingMsMax = 5_000;

/** The limits of a listing. */
export interface ListingBounds {
  readonly recordsMax: number;
  /** The maximum number of commands. Upstash counts each command of a pipeline. */
  readonly commandsMax: number;
}
