// The planted faults of the purge protocol. Each row breaks a rule in the code or in its simulated
// world. planted-faults.test.ts plays them in histories, and test/proof plays their traces by the model.
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { SiteParts } from "../../testing/simulation/simulated-site.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as epochs from "./planted-in-epochs.ts";
import * as journal from "./planted-in-journal.ts";
import * as site from "./planted-in-site.ts";
import * as view from "./planted-in-view.ts";

export interface Row {
  readonly rule: string;
  /** Each row has its own. */
  readonly fault: string;
  readonly parts?: Partial<Parts>;
  /** If present, the row runs histories of requests; otherwise histories of views. */
  readonly siteParts?: Partial<SiteParts>;
  /** The share of requests that warm a page instead, 0 to 1. Default: 0. */
  readonly warmShare?: number;
  /** Whether half of the isolates run a newer release. */
  readonly hasReleases?: boolean;
  /** Whether a handler makes the pages of values. */
  readonly hasValues?: boolean;
  readonly kind?: WorldKind;
  /**
   * The first seed. For a fault that rarely shows, one that shows it. `vitest --reporter=verbose`
   * tells the seed. Default: 0.
   */
  readonly fromSeed?: number;
  /**
   * The maximum number of histories. It is several times the usual number, so that unrelated
   * changes do not fail the test.
   */
  readonly within: number;
}

export const rows: readonly Row[] = [
  {
    rule: "1",
    fault: "the stamp is taken when a response is stored",
    siteParts: site.stampedWhenStored,
    fromSeed: 3,
    within: 60,
  },
  {
    rule: "1",
    fault: "the stamp is taken when a warmed page is stored",
    siteParts: site.stampedWhenStored,
    warmShare: 1,
    fromSeed: 1,
    within: 120,
  },
  {
    rule: "2",
    fault: "a 304 freshens the record that memory has by then",
    siteParts: site.freshensWhatIsHeld,
    fromSeed: 95,
    within: 300,
  },
  {
    rule: "3",
    fault: "a body is used without checking its digest",
    siteParts: site.bodyUnchecked,
    kind: "crossing",
    fromSeed: 330,
    within: 60,
  },
  {
    rule: "4",
    fault: "a backfill gets the view's stamp",
    siteParts: site.backfillStamped,
    kind: "crossing",
    fromSeed: 28,
    within: 60,
  },
  {
    rule: "4",
    fault: "a backfill gets this colo and the present time",
    siteParts: site.backfillDated,
    kind: "crossing",
    fromSeed: 3_546,
    within: 500,
  },
  {
    rule: "5",
    fault: "the tags that only the reader's route has are not judged",
    siteParts: site.readersTagsIgnored,
    hasReleases: true,
    fromSeed: 9,
    within: 60,
  },
  {
    rule: "9",
    fault: "followers use the leader's response without judging it",
    siteParts: site.followersTrust,
    kind: "crossing",
    fromSeed: 4,
    within: 120,
  },
  {
    rule: "10",
    fault: "a reading of the clock is kept between requests",
    siteParts: site.clockKept,
    fromSeed: 555,
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
    fromSeed: 216,
    within: 400,
  },
  {
    rule: "1",
    fault: "the stamp is taken after the answer",
    parts: view.stampedLate,
    fromSeed: 8,
    within: 300,
  },
  {
    rule: "1",
    fault: "the clock is read after the answer",
    parts: view.clockNotedLate,
    fromSeed: 276,
    within: 300,
  },
  {
    rule: "5",
    fault: "a soft purge hides a hard one",
    parts: view.softHidesHard,
    fromSeed: 8,
    within: 100,
  },
  {
    rule: "5",
    fault: "the next entry is skipped",
    parts: view.oneEntryOverlooked,
    fromSeed: 23,
    within: 60,
  },
  { rule: "6", fault: "an unknown stamp counts as new", parts: view.unknownIsNew, within: 30 },
  { rule: "7", fault: "no bound applies", parts: view.unbounded, within: 30 },
  {
    rule: "7",
    fault: "the bound is 3 s longer",
    parts: view.withoutAllowance,
    fromSeed: 21,
    within: 150,
  },
  {
    rule: "7",
    fault: "the largest N applies to all routes",
    parts: view.largestLagForAll,
    fromSeed: 22,
    within: 200,
  },
  {
    rule: "7 (b)",
    fault: "any colo counts as the own one",
    parts: view.anyColoIsOwn,
    fromSeed: 37,
    within: 300,
  },
  {
    rule: "7 (b)",
    fault: "the bound begins at the answer",
    parts: view.boundFromAnswer,
    fromSeed: 23,
    within: 300,
  },
  { rule: "8", fault: "stale responses are exempt", parts: view.staleUnbounded, within: 30 },
  { rule: "8", fault: "stale-if-error is exempt", parts: view.errorUnbounded, within: 30 },
  { rule: "8", fault: "only-if-cached is exempt", parts: view.onlyIfCachedUnbounded, within: 30 },
  {
    rule: "10",
    fault: "the time of an earlier request is used",
    parts: view.clockKept,
    fromSeed: 24,
    within: 150,
  },
  {
    rule: "10",
    fault: "a step back of the clock is not detected",
    parts: view.setBackUnnoticed,
    kind: "turned-back",
    fromSeed: 70,
    within: 150,
  },
  {
    rule: "10",
    fault: "a step back is not detected once the clock reads more than before",
    parts: view.setBackWhileIdle,
    kind: "turned-back",
    fromSeed: 161,
    within: 150,
  },
  {
    rule: "10",
    fault: "bodies that were requested before a step back are trusted",
    parts: view.trustedAgain,
    kind: "turned-back",
    fromSeed: 161,
    within: 2_000,
  },
  {
    rule: "10",
    fault: "a read from before a step back dates the view",
    parts: view.datedBeforeTheStep,
    kind: "turned-back",
    fromSeed: 439,
    within: 1_500,
  },
  {
    rule: "11",
    fault: "a read is dated by its answer",
    parts: journal.datedLate,
    fromSeed: 261,
    within: 1_500,
  },
  { rule: "11", fault: "a read need not join the view", parts: journal.unjoined, within: 400 },
  {
    rule: "11",
    fault: "a read joins the view by the ID alone",
    parts: journal.joinedByIdAlone,
    fromSeed: 6_828,
    within: 8_000,
  },
  {
    rule: "11",
    fault: "a read ends with a full page",
    parts: journal.onePageAlone,
    kind: "crowded",
    fromSeed: 19,
    within: 120,
  },
  {
    rule: "12",
    fault: "a stamp before the oldest entry counts as that entry",
    parts: view.floorIsKnown,
    kind: "crowded",
    fromSeed: 11,
    within: 60,
  },
  {
    rule: "13",
    fault: "late answers are merged",
    parts: journal.lateAnswersMerged,
    fromSeed: 31,
    within: 250,
  },
  {
    rule: "13",
    fault: "a page without the view's end renews the view",
    parts: journal.failedJoinIsNothingNew,
    within: 60,
  },
  {
    rule: "16",
    fault: "a failed check renews the view",
    parts: journal.failedCheckRenews,
    fromSeed: 301,
    within: 1_500,
  },
  { rule: "17", fault: "no mark is appended", parts: journal.unmarked, fromSeed: 69, within: 400 },
  {
    rule: "17",
    fault: "any mark is accepted",
    parts: journal.anyMarkWillDo,
    fromSeed: 5_439,
    within: 6_000,
  },
  {
    rule: "17",
    fault: "an empty journal is not a loss",
    parts: journal.emptyIsNoLoss,
    fromSeed: 397,
    within: 1_500,
  },
  {
    rule: "17",
    fault: "a loss counts as trimming",
    parts: journal.trimmedInsteadOfLost,
    fromSeed: 70,
    within: 500,
  },
  {
    rule: "18",
    fault: "an empty journal gives a view",
    parts: journal.emptyView,
    fromSeed: 10_372,
    within: 1_500,
  },
  { rule: "20", fault: "an entry is withdrawn", parts: journal.undone, fromSeed: 9, within: 100 },
  {
    rule: "21",
    fault: "200 without a confirmed append",
    parts: journal.acceptsUnanswered,
    fromSeed: 262,
    within: 300,
  },
  {
    rule: "21",
    fault: "a repeated webhook is answered without a read-back",
    parts: journal.answeredFromMemory,
    kind: "resending",
    fromSeed: 5_895,
    within: 5_000,
  },
  {
    rule: "22",
    fault: "no entry is read back",
    parts: journal.neverReadBack,
    fromSeed: 7_347,
    within: 4_000,
  },
  {
    rule: "22",
    fault: "an entry is read back too late",
    parts: journal.readBackLate,
    fromSeed: 255,
    within: 4_000,
  },
  {
    rule: "22",
    fault: "a lost entry is not appended again at once",
    parts: journal.appendedAgainLate,
    fromSeed: 477,
    within: 4_000,
  },
  {
    rule: "27",
    fault: "a record moves forward although an entry covers it",
    parts: epochs.coveredMovesForward,
    within: 60,
  },
  {
    rule: "27",
    fault: "epochs verify a stamp from before their first entry",
    parts: epochs.olderThanEpochs,
    kind: "gapped",
    fromSeed: 24,
    within: 400,
  },
  {
    rule: "17",
    fault: "an entry whose proof was dropped for room counts as lost",
    parts: epochs.droppedCountsAsLost,
    kind: "trimming",
    fromSeed: 7,
    within: 400,
  },
  {
    rule: "27",
    fault: "purges by prefix or URL are not looked up",
    parts: epochs.prefixesUnnamed,
    kind: "diverging",
    fromSeed: 104,
    within: 800,
  },
  {
    rule: "27",
    fault: "a record that epochs have verified moves past the joint",
    parts: epochs.verifiedMovesPastJoint,
    kind: "trimming",
    fromSeed: 123,
    within: 2_000,
  },
  {
    rule: "27",
    fault: "a verified record is backfilled with the view's stamp at each use",
    siteParts: site.verifiedStampedLate,
    kind: "diverging",
    fromSeed: 36,
    within: 250,
  },
  {
    rule: "27",
    fault: "an entry that never existed counts as trimmed",
    parts: epochs.lostCountsAsTrimmed,
    kind: "overrun",
    fromSeed: 389,
    within: 1_500,
  },
  {
    rule: "27",
    fault: "a lost entry that the lineages lack is not appended again",
    parts: epochs.unnotedIsNotReadBack,
    kind: "overrun",
    fromSeed: 2_655,
    within: 4_000,
  },
  {
    rule: "27",
    fault: "an absent epoch counts as one without names",
    parts: epochs.absentIsUnpurged,
    kind: "gapped",
    fromSeed: 943,
    within: 2_000,
  },
  {
    rule: "27",
    fault: "a partial epoch counts as whole",
    parts: epochs.partialIsWhole,
    kind: "gapped",
    fromSeed: 2_238,
    within: 2_500,
  },
  {
    rule: "27",
    fault: "an epoch verifies a stamp of another lineage",
    parts: epochs.lineageUnchecked,
    kind: "gapped",
    fromSeed: 109,
    within: 300,
  },
  {
    rule: "27",
    fault: "epochs that end before the chain verify a stamp",
    parts: epochs.unjoined,
    kind: "gapped",
    fromSeed: 54,
    within: 200,
  },
  {
    rule: "29",
    fault: "the age of an answer is not read",
    siteParts: site.ageUnread,
    kind: "cached",
    fromSeed: 8,
    within: 60,
  },
  {
    rule: "29",
    fault: "purges that the view has dropped do not count",
    siteParts: site.droppedPurgesForgotten,
    kind: "cached",
    fromSeed: 2_047,
    within: 1_200,
  },
  {
    rule: "29",
    fault: "the body time is that of the request",
    siteParts: site.keptBodyIsNew,
    kind: "cached",
    fromSeed: 1_723,
    within: 1_500,
  },
  {
    rule: "30",
    fault: "a page has no names of its values",
    siteParts: site.valuesNotNoted,
    hasValues: true,
    within: 60,
  },
  {
    rule: "30",
    fault: "a page has no names of values that its body was made of",
    siteParts: site.valuesOfBodyNotNoted,
    hasValues: true,
    within: 200,
  },
  {
    rule: "30",
    fault: "a page is newer than its values",
    siteParts: site.pageOfValuesIsNew,
    hasValues: true,
    fromSeed: 100,
    within: 300,
  },
  {
    rule: "30",
    fault: "a page of a value with an unknown stamp has a known stamp",
    siteParts: site.unknownValueCounts,
    hasValues: true,
    fromSeed: 60,
    within: 300,
  },
];
