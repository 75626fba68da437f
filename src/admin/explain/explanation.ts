// The explanation of one request as plain data. The JSON, the text and the debug field are made from it.
import type { LookRead } from "../../protocol/explanation.ts";
import type { RefreshDue } from "./refresh-due.ts";
import type { TierAccount } from "./copies.ts";
import type { Ground } from "./grounds.ts";
import type { KeyAccount } from "./key-account.ts";
import type { LastAnswerAccount, LastPassedAccount } from "./last-answer.ts";
import type { MatchingPurges } from "./matching-purges.ts";
import type { NearestKey } from "./nearest-key.ts";

/** What a live request would do now. */
export type NextStep =
  | "answer"
  | "answer stale"
  | "answer stale in the origin's place"
  | "forward"
  | "validate"
  | "wait for the forward that is under way"
  | "refuse: only-if-cached"
  | "refuse: loop"
  | "refuse: the URL"
  | "refuse: the origin is down"
  | "end here";

export interface Explanation {
  /** Where it holds: memory and what was learnt are this isolate's alone, the edge tier this colo's. */
  readonly colo: string;
  readonly at: string;
  readonly request: { readonly method: string; readonly url: string };
  /** `name` is empty where no route matches. */
  readonly route: {
    readonly name: string;
    readonly match: readonly string[];
    readonly origin: string;
    /** Those further down that would fit, too. The first that fits counts. */
    readonly alsoFit: readonly string[];
  };
  readonly handling: "reserved" | "refused" | "passed-by" | "looked-up";
  readonly verdict: Ground & { readonly kind: string; readonly by: string };
  /** What `Cache-Status` would say, as far as it does not depend on the origin; `null`: it is not sent. */
  readonly cacheStatus: string | null;
  readonly next: NextStep;
  /** Of what is looked up. */
  readonly look?: LookAccount;
}

/** What came of a look-up. */
export interface LookAccount extends LookRead {
  readonly key: KeyAccount;
  /** The marker that the look-up followed, and how many variants it lists. */
  readonly vary?: { readonly names: readonly string[]; readonly variants: number };
  readonly tiers: readonly TierAccount[];
  readonly purges: MatchingPurges | "no journal";
  /** Which tier's copy was judged; left out where there is none. */
  readonly judged?: TierAccount["tier"];
  /** Of an answer from a tier. */
  readonly refresh?: RefreshDue;
  /** First the journal is read once more, since nobody could tell whether a purge covers the copy. */
  readonly isDoubtSettledFirst: boolean;
  /** Another key of the same page, if memory has one. */
  readonly nearest?: NearestKey;
  /** What became of the last answer for its URL, if that is not what answers now. */
  readonly last?: LastAnswerAccount;
  /** The last request for its URL that went past the cache. */
  readonly lastPassed?: LastPassedAccount;
}
