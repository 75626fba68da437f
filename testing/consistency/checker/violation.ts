// What in a recorded history breaks the promise.
import type { PurgeTry, Read } from "./operations.ts";

export type Rule =
  /** (a) Older than a version whose purge was accepted longer ago than the bound. */
  | "purged-version"
  /** (a) The same for a soft purge: no allowance lets a stale response answer, or none refreshes. */
  | "soft-purged-version"
  /** (b) Older than what this colo has shown, though the newer version's purge stands. */
  | "went-back"
  /** (c) A 200 to a purge that the journal had not taken. */
  | "accepted-unwritten"
  /** (e) Past the bound, an answer that does not obey the switch. */
  | "not-switched"
  /** (d) After quiet, a page that no tier answers. */
  | "no-hit-after-quiet"
  /** Body and fields of one answer are of two. */
  | "torn";

export interface Violation {
  readonly rule: Rule;
  readonly what: string;
  /** What the excerpt is made around; absent where no one read shows it. */
  readonly read?: Read;
  readonly purge?: PurgeTry;
}
