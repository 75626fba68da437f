// The rows of planted-faults.test.ts that run histories of requests.
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { SiteParts } from "../../testing/simulation/simulated-site.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as site from "./planted-in-site.ts";

export interface Row {
  readonly rule: string;
  readonly fault: string;
  readonly parts?: Partial<Parts>;
  /** If present, the row runs histories of requests; otherwise histories of views. */
  readonly siteParts?: Partial<SiteParts>;
  /** The share of requests that warm a page instead, 0 to 1. Default: 0. */
  readonly warmShare?: number;
  readonly kind?: WorldKind;
  /**
   * The first seed. For a fault that rarely shows, shortly before seeds that show it. Default: 0.
   */
  readonly fromSeed?: number;
  /**
   * The maximum number of histories. It is several times the usual number, so that unrelated
   * changes do not fail the test.
   */
  readonly within: number;
}

export const rowsOfRequests: readonly Row[] = [
  {
    rule: "1",
    fault: "the stamp is taken when a response is stored",
    siteParts: site.stampedWhenStored,
    within: 60,
  },
  {
    rule: "1",
    fault: "the stamp is taken when a warmed page is stored",
    siteParts: site.stampedWhenStored,
    warmShare: 1,
    within: 120,
  },
  {
    rule: "2",
    fault: "a 304 freshens the record that memory has by then",
    siteParts: site.freshensWhatIsHeld,
    fromSeed: 82,
    within: 300,
  },
  {
    rule: "3",
    fault: "a body is used without checking its digest",
    siteParts: site.bodyUnchecked,
    kind: "crossing",
    fromSeed: 2_630,
    within: 900,
  },
  {
    rule: "4",
    fault: "a backfill gets the view's stamp",
    siteParts: site.backfillStamped,
    kind: "crossing",
    fromSeed: 22,
    within: 60,
  },
  {
    rule: "4",
    fault: "a backfill gets this colo and the present time",
    siteParts: site.backfillDated,
    kind: "crossing",
    fromSeed: 2_830,
    within: 500,
  },
  {
    rule: "9",
    fault: "followers use the leader's response without judging it",
    siteParts: site.followersTrust,
    kind: "crossing",
    within: 120,
  },
  {
    rule: "10",
    fault: "a reading of the clock is kept between requests",
    siteParts: site.clockKept,
    fromSeed: 497,
    within: 400,
  },
  {
    rule: "23",
    fault: "a purged response is validated",
    siteParts: site.validatesWhatWasPurged,
    kind: "lying",
    within: 100,
  },
  {
    rule: "23",
    fault: "a response is validated with a view that is too old",
    siteParts: site.validatesUnderAnOldView,
    kind: "lying",
    fromSeed: 907,
    within: 400,
  },
];
