// Lists the functions that return findings. Each function covers one or more codes.
import { type Finding, inOrder } from "../../../protocol/finding.ts";
import {
  behindBacklog,
  behindClock,
  behindDeadLetters,
  dataLoadsFail,
  dataUnpurged,
} from "./data-findings.ts";
import {
  hintsOff,
  journalLag,
  journalLostEntries,
  journalRestarted,
  journalUnreadable,
  switchLost,
} from "./journal-findings.ts";
import { bypasses, configuration, operatorRefused } from "./operator-findings.ts";
import { anonymousRefused, originTroubles, routeNotes } from "./origin-findings.ts";
import type { SiteState } from "./site-state.ts";
import { clocksApart, redisTroubles, roomFindings, tiersFail } from "./store-findings.ts";
import { reportsMissing, sharesHigh, subrequestsSpent } from "./traffic-findings.ts";

const all: readonly ((state: SiteState) => Finding | readonly Finding[])[] = [
  redisTroubles,
  roomFindings,
  clocksApart,
  journalUnreadable,
  journalLag,
  journalLostEntries,
  journalRestarted,
  switchLost,
  hintsOff,
  ({ parts, atMs }) => parts.flatMap((part) => part.findings?.(atMs) ?? []),
  ({ looks = [] }) => looks.flatMap(({ findings }) => findings),
  originTroubles,
  anonymousRefused,
  sharesHigh,
  routeNotes,
  operatorRefused,
  subrequestsSpent,
  reportsMissing,
  tiersFail,
  dataUnpurged,
  dataLoadsFail,
  behindBacklog,
  behindDeadLetters,
  behindClock,
  configuration,
  bypasses,
];

/** Returns findings with the worst first, then the oldest. */
export function findingsOf(state: SiteState): Finding[] {
  return inOrder(all.flatMap((find) => find(state)));
}
