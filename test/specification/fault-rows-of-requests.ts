// Rows of planted-faults.test.ts for histories of requests.
import * as site from "../simulation/planted-in-site.ts";
import type { FaultRow } from "./fault-rows.ts";

export const rowsOfRequests: readonly FaultRow[] = [
  {
    rule: "1",
    fault: "the stamp is taken when a response is stored",
    siteParts: site.stampedWhenStored,
    step: "store",
    refusal: "1 stamp",
  },
  {
    rule: "1",
    fault: "the stamp is taken when a warmed page is stored",
    siteParts: site.stampedWhenStored,
    warmShare: 1,
    step: "store",
    refusal: "1 stamp",
  },
  {
    rule: "2",
    fault: "a 304 freshens the record that memory has by then",
    siteParts: site.freshensWhatIsHeld,
    step: "read",
    refusal: "4 time",
  },
  {
    rule: "3",
    fault: "a body is used without checking its digest",
    siteParts: site.bodyUnchecked,
    kind: "crossing",
    fromSeed: 2160,
    step: "read",
    refusal: "3 body",
  },
  {
    rule: "4",
    fault: "a backfill gets the view's stamp",
    siteParts: site.backfillStamped,
    kind: "crossing",
    step: "read",
    refusal: "4 stamp",
  },
  {
    rule: "4",
    fault: "a backfill gets this colo and the present time",
    siteParts: site.backfillDated,
    kind: "crossing",
    step: "read",
    refusal: "4 time",
  },
  {
    rule: "9",
    fault: "followers use the leader's response without judging it",
    siteParts: site.followersTrust,
    kind: "crossing",
    step: "answer",
    refusal: "9 follower",
  },
  {
    rule: "10",
    fault: "a reading of the clock is kept between requests",
    siteParts: site.clockKept,
    step: "store",
    refusal: "1 clock",
  },
  {
    rule: "23",
    fault: "a purged response is validated",
    siteParts: site.validatesWhatWasPurged,
    kind: "lying",
    step: "load",
    refusal: "23 hard",
  },
  {
    rule: "23",
    fault: "a response is validated with a view that is too old",
    siteParts: site.validatesUnderAnOldView,
    kind: "lying",
    step: "load",
    refusal: "23 view",
  },
];
