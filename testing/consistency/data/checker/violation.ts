// What in a recorded history of data breaks the promise.
import type { DataPurge, DataRead } from "./operations.ts";

export type DataRule =
  /** Older than a version whose purge was accepted longer ago than the bound. */
  | "purged-version"
  /** The same for a soft purge, where the namespace has `stale`: too long after it, or never loaded anew. */
  | "soft-purged-version"
  /** Older than a version whose purge this very isolate had accepted before. */
  | "purged-here"
  /** Older than what this isolate was told of its own write. */
  | "own-write"
  /** A forced load brought what the source no longer had when it was asked for. */
  | "forced-older"
  /** It answered after its lifetime and `stale` together. */
  | "outlived"
  /** A purge was accepted at a position that the database never told. */
  | "accepted-unwritten"
  /** A field was raised more often than it was asked for. */
  | "counted-twice"
  /** Parts of one answer are of two, or it holds what was never written. */
  | "broken"
  /** After quiet a place has nothing stored under a key. */
  | "no-hit-after-quiet";

export interface DataViolation {
  readonly rule: DataRule;
  readonly what: string;
  /** What the excerpt is made around; absent where no one read shows it. */
  readonly read?: DataRead;
  readonly purge?: DataPurge;
}
