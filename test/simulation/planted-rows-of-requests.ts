// The faults that histories of requests must find, for planted-faults.test.ts.
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { SiteParts } from "../../testing/simulation/simulated-site.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as site from "./planted-in-site.ts";

export interface Row {
  readonly rule: string;
  readonly fault: string;
  readonly parts?: Partial<Parts>;
  /** Planted on the way of requests; looked for in histories of requests. */
  readonly siteParts?: Partial<SiteParts>;
  /** The share of page requests that are replaced by warming. */
  readonly warmShare?: number;
  readonly kind?: WorldKind;
  /** The first seed: just before some that show it, where a fault takes long to show from 0 on. */
  readonly fromSeed?: number;
  /** Several times what it usually takes, so that a change elsewhere does not make it red. */
  readonly within: number;
}

export const rowsOfRequests: readonly Row[] = [
  { rule: "1", fault: "stamped when it is stored", siteParts: site.stampedWhenStored, within: 60 },
  {
    rule: "1",
    fault: "stamped when it is stored, by what warms pages",
    siteParts: site.stampedWhenStored,
    warmShare: 1,
    within: 120,
  },
  {
    rule: "2",
    fault: "a 304 freshens what memory holds by then",
    siteParts: site.freshensWhatIsHeld,
    fromSeed: 82,
    within: 300,
  },
  {
    rule: "3",
    fault: "any body beside the metadata",
    siteParts: site.bodyUnchecked,
    kind: "crossing",
    fromSeed: 2_130,
    within: 900,
  },
  {
    rule: "4",
    fault: "a backfill has the view's stamp",
    siteParts: site.backfillStamped,
    kind: "crossing",
    fromSeed: 22,
    within: 60,
  },
  {
    rule: "4",
    fault: "a backfill counts as asked for here and now",
    siteParts: site.backfillDated,
    kind: "crossing",
    fromSeed: 2_830,
    within: 500,
  },
  {
    rule: "9",
    fault: "followers take what comes",
    siteParts: site.followersTrust,
    kind: "crossing",
    within: 120,
  },
  {
    rule: "10",
    fault: "a clock kept between requests",
    siteParts: site.clockKept,
    fromSeed: 497,
    within: 400,
  },
  {
    rule: "23",
    fault: "what was purged is validated",
    siteParts: site.validatesWhatWasPurged,
    kind: "lying",
    within: 100,
  },
  {
    rule: "23",
    fault: "validated under a view that is too old",
    siteParts: site.validatesUnderAnOldView,
    kind: "lying",
    fromSeed: 890,
    within: 400,
  },
];
