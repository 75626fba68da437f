// The kinds of violation of the promise in a recorded history.
import type { PurgeTry, Read } from "./operations.ts";

type Rule =
  /**
   * (a) A read of an older version, past the bound after the acceptance of a newer version's purge.
   */
  | "purged-version"
  /**
   * (a) The same for a soft purge, if no allowance permits a stale response, or no refresh follows.
   */
  | "soft-purged-version"
  /**
   * (b) A read of an older version than this colo has shown, although the purge of the newer
   * version is still in the journal.
   */
  | "went-back"
  /** (c) A 200 for a purge that the journal did not accept. */
  | "accepted-unwritten"
  /** (e) An answer past the bound that ignores the switch. */
  | "not-switched"
  /** (d) A page that no tier answers in the quiet phase. */
  | "no-hit-after-quiet"
  /** An answer whose body and header fields belong to different versions. */
  | "torn";

export interface Violation {
  readonly rule: Rule;
  readonly what: string;
  /** The center of the excerpt; absent if no single read shows the violation. */
  readonly read?: Read;
  readonly purge?: PurgeTry;
}
