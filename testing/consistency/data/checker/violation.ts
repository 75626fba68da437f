// The kinds of violation of the promise in a recorded history of data.
import type { DataPurge, DataRead } from "./operations.ts";

export type DataRule =
  /** A read older than a version whose purge was accepted more than the bound before. */
  | "purged-version"
  /**
   * The same for a soft purge in a namespace with `stale`: too long after the purge, or without a
   * new load.
   */
  | "soft-purged-version"
  /** A read older than a version whose purge this isolate itself accepted before. */
  | "purged-here"
  /** A read older than this isolate's own completed write. */
  | "own-write"
  /** A forced load with a value that the source no longer had at the time of the call. */
  | "forced-older"
  /** An answer beyond the lifetime plus `stale`. */
  | "outlived"
  /** A purge accepted at a position that the database never sent. */
  | "accepted-unwritten"
  /** A field that was raised more often than requested. */
  | "counted-twice"
  /** An answer whose parts belong to different versions, or that was never written. */
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
