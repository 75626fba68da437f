// Lists the functions that return findings. Each function covers one or more codes.
import { behindBacklog, behindDeadLetters, behindFlushesFail } from "./behind-findings.ts";
import { dataLoadsFail, dataUnpurged, dataUnstorable } from "./data-findings.ts";
import { type Finding, inOrder } from "../../protocol/finding.ts";
import { credentialField, variesSilently } from "./field-findings.ts";
import {
  bypassSet,
  configuration,
  hookMapping,
  reportsLost,
  reportsMissing,
  sealsBroken,
  subrequestsSpent,
  switchThrown,
  tiersSlow,
} from "./other-findings.ts";
import {
  journalLag,
  journalLostEntries,
  journalRestarted,
  journalUnreadable,
  switchLost,
} from "./journal-findings.ts";
import type { SiteState } from "./site-state.ts";
import { anonymousRefused, originTroubles } from "./origin-findings.ts";
import { operatorRefused } from "./operator-findings.ts";
import { outwardBehind } from "./outward-findings.ts";
import { clocksApart, redisTroubles, roomFindings } from "./redis-findings.ts";
import { clientsLimited, hitRates, sharesHigh } from "./traffic-findings.ts";

const all: readonly ((state: SiteState) => Finding | readonly Finding[])[] = [
  redisTroubles,
  roomFindings,
  clocksApart,
  journalUnreadable,
  journalLag,
  journalLostEntries,
  journalRestarted,
  switchLost,
  (state) => state.probe?.findings(state) ?? [],
  originTroubles,
  anonymousRefused,
  hitRates,
  sharesHigh,
  clientsLimited,
  credentialField,
  variesSilently,
  operatorRefused,
  sealsBroken,
  hookMapping,
  outwardBehind,
  subrequestsSpent,
  reportsMissing,
  reportsLost,
  tiersSlow,
  dataUnpurged,
  dataLoadsFail,
  dataUnstorable,
  behindBacklog,
  behindFlushesFail,
  behindDeadLetters,
  configuration,
  switchThrown,
  bypassSet,
];

/** Returns findings with the worst first, then the oldest. */
export function findingsOf(state: SiteState): Finding[] {
  return inOrder(all.flatMap((find) => find(state)));
}
