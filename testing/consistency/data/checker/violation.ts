// The kinds of violation of the promise in a recorded history of data.
import type { DataPurge, DataRead } from "./operations.ts";

export type DataRule =
  /** A read of an older version, past the bound after the acceptance of a newer version's purge. */
  | "purged-version"
  /**
   * The same for a soft purge in a namespace with `stale`: too long after the purge, or without a
   * new load.
   */
  | "soft-purged-version"
  /** A read of an older version after this isolate itself accepted a newer version's purge. */
  | "purged-here"
  /** A read of an older version than this isolate's own completed write. */
  | "own-write"
  /** A call with `forceFresh` that returned a version replaced before the call. */
  | "forced-older"
  /** An answer beyond the lifetime plus `stale`. */
  | "outlived"
  /** A purge accepted at a position that the database never sent. */
  | "accepted-unwritten"
  /** A field that was raised more often than requested. */
  | "counted-twice"
  /** An answer that mixes two versions, or that contains a value which was never written. */
  | "broken"
  /** A place without a stored value for a key after the quiet phase. */
  | "no-hit-after-quiet";

export interface DataViolation {
  readonly rule: DataRule;
  readonly what: string;
  /** The center of the excerpt; absent if no single read shows the violation. */
  readonly read?: DataRead;
  readonly purge?: DataPurge;
}
