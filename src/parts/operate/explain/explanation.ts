// The explanation of one request as plain data: the source of the JSON, the text and the debug
// field.
import type { LookRead } from "../../../protocol/explain-answer.ts";
import type { TierAccount } from "./copies.ts";
import type { Ground } from "./grounds.ts";
import type { KeyAccount } from "./key-account.ts";
import type { LastAnswerAccount, LastPassedAccount } from "./explain-last-answer.ts";
import type { MatchingPurges } from "./matching-purges.ts";
import type { NearestKey } from "./nearest-key.ts";

/** The next step of a live request. */
export type NextStep =
  | "answer"
  | "answer stale"
  | "answer stale in the origin's place"
  | "forward"
  | "forward to a fallback origin"
  | "validate"
  | "wait for the forward that is under way"
  | "refuse: only-if-cached"
  | "refuse: loop"
  | "refuse: the method"
  | "refuse: the URL"
  | "refuse: the origin is down"
  | "answer by a rule"
  | "end here";

export interface Explanation {
  /**
   * The colo of this isolate. Memory and learned state belong to the isolate. The edge tier belongs
   * to the colo.
   */
  readonly colo: string;
  readonly at: string;
  readonly request: { readonly method: string; readonly url: string };
  /** `name` is empty if no route matches. */
  readonly route: {
    readonly name: string;
    readonly match: readonly string[];
    readonly origin: string;
    /** Later routes that also match. The first match applies. */
    readonly alsoFit: readonly string[];
  };
  readonly handling: "reserved" | "refused" | "ruled" | "passed-by" | "looked-up";
  readonly verdict: Ground & { readonly kind: string; readonly by: string };
  /** The part of `Cache-Status` that does not depend on the origin; `null` if the field is not sent. */
  readonly cacheStatus: string | null;
  readonly next: NextStep;
  /** Present if the request is looked up. */
  readonly look?: LookAccount;
}

/** The result of a lookup. */
export interface LookAccount extends LookRead {
  readonly key: KeyAccount;
  /** The `Vary` names of the marker in use, and the number of variants that it lists. */
  readonly vary?: { readonly names: readonly string[]; readonly variants: number };
  readonly tiers: readonly TierAccount[];
  /** The fragments of a page with ESI tags; `unknown` if its template is not in memory. */
  readonly fragments?: readonly string[] | "unknown";
  readonly purges: MatchingPurges | "no journal";
  /** Tier of the judged copy; absent if there is none. */
  readonly judged?: TierAccount["tier"];
  /**
   * Whether an answer from a tier would start a background refresh. `by chance`: the probability
   * rises as expiry approaches.
   */
  readonly refresh?: "yes" | "by chance" | "no";
  /**
   * Whether a live request would first read the journal again: this isolate's view is too old, or
   * cannot tell whether a purge covers the copy.
   */
  readonly isDoubtSettledFirst: boolean;
  /** Another key of the same page, if memory has one. */
  readonly nearest?: NearestKey;
  /** The URL's last origin response; absent if a stored response answers or `tiers` lists it. */
  readonly last?: LastAnswerAccount;
  /** The URL's last request that bypassed the cache. */
  readonly lastPassed?: LastPassedAccount;
}
