// Rows of planted-faults.test.ts for histories of views. Each row breaks a rule in the code or in its
// simulated world.
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { SimulatedCopies } from "../../testing/simulation/simulated-copies.ts";
import type { SiteParts } from "../../testing/simulation/simulated-site.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as book from "../simulation/planted-in-book.ts";
import * as copies from "../simulation/planted-in-copies.ts";
import * as journal from "../simulation/planted-in-journal.ts";
import * as view from "../simulation/planted-in-view.ts";

export interface FaultRow {
  readonly rule: string;
  readonly fault: string;
  readonly parts?: Partial<Parts>;
  /** If present, isolates share copies of their views by this class. */
  readonly copies?: typeof SimulatedCopies;
  /** If present, the row records a history of requests; otherwise one of views. */
  readonly siteParts?: Partial<SiteParts>;
  readonly warmShare?: number;
  /** Default: ordinary. */
  readonly kind?: WorldKind;
  /** The first seed, shortly before one that shows the fault. Default: 0. */
  readonly fromSeed?: number;
  /** The step of the rejected event. */
  readonly step: string;
  /** The condition that the event does not meet. */
  readonly refusal: string;
}

export const rowsOfViews: readonly FaultRow[] = [
  {
    rule: "1",
    fault: "the stamp is taken after the answer",
    parts: view.stampedLate,
    step: "store",
    refusal: "1 stamp",
  },
  {
    rule: "1",
    fault: "the clock is read after the answer",
    parts: view.clockNotedLate,
    step: "store",
    refusal: "1 clock",
  },
  {
    rule: "5",
    fault: "a soft purge hides a hard one",
    parts: view.softHidesHard,
    step: "answer",
    refusal: "5 hard",
  },
  {
    rule: "5",
    fault: "the next entry is skipped",
    parts: view.oneEntryOverlooked,
    step: "answer",
    refusal: "5 hard",
  },
  {
    rule: "6",
    fault: "an unknown stamp counts as new",
    parts: view.unknownIsNew,
    step: "answer",
    refusal: "6 older",
  },
  {
    rule: "7",
    fault: "no bound applies",
    parts: view.unbounded,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "7",
    fault: "the bound is 3 s longer",
    parts: view.withoutAllowance,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "7",
    fault: "the largest N applies to all routes",
    parts: view.largestLagForAll,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "7 (b)",
    fault: "any colo counts as the own one",
    parts: view.anyColoIsOwn,
    step: "answer",
    refusal: "7 b colo",
  },
  {
    rule: "7 (b)",
    fault: "the bound begins at the answer",
    parts: view.boundFromAnswer,
    step: "answer",
    refusal: "7 b body",
  },
  {
    rule: "8",
    fault: "stale responses are exempt",
    parts: view.staleUnbounded,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "8",
    fault: "stale-if-error is exempt",
    parts: view.errorUnbounded,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "8",
    fault: "only-if-cached is exempt",
    parts: view.onlyIfCachedUnbounded,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "10",
    fault: "the time of an earlier request is used",
    parts: view.clockKept,
    step: "answer",
    refusal: "7 a view",
  },
  {
    rule: "10",
    fault: "a step back of the clock is not detected",
    parts: view.setBackUnnoticed,
    kind: "turned-back",
    step: "take",
    refusal: "10 read",
  },
  {
    rule: "10",
    fault: "bodies that were requested before a step back are trusted",
    parts: view.trustedAgain,
    kind: "turned-back",
    fromSeed: 80,
    step: "answer",
    refusal: "10 body",
  },
  {
    rule: "10",
    fault: "a read from before a step back dates the view",
    parts: view.datedBeforeTheStep,
    kind: "turned-back",
    step: "take",
    refusal: "10 read",
  },
  {
    rule: "11",
    fault: "a read is dated by its answer",
    parts: journal.datedLate,
    step: "take",
    refusal: "11 date",
  },
  {
    rule: "11",
    fault: "a read need not join the view",
    parts: journal.unjoined,
    step: "take",
    refusal: "11 joint",
  },
  {
    rule: "11",
    fault: "a read joins the view by the ID alone",
    parts: journal.joinedByIdAlone,
    fromSeed: 40,
    step: "take",
    refusal: "11 joint",
  },
  {
    rule: "12",
    fault: "a stamp before the oldest entry counts as that entry",
    parts: view.floorIsKnown,
    kind: "trimming",
    step: "answer",
    refusal: "7 a stamp",
  },
  {
    rule: "13",
    fault: "late answers are merged",
    parts: journal.lateAnswersMerged,
    step: "take",
    refusal: "12 chain",
  },
  {
    rule: "13",
    fault: "a page without the view's end renews the view",
    parts: journal.failedJoinIsNothingNew,
    step: "take",
    refusal: "11 joint",
  },
  {
    rule: "14",
    fault: "a copy is dated by its writing",
    copies: copies.DatedWhenCopied,
    step: "copy",
    refusal: "14 date",
  },
  {
    rule: "14",
    fault: "a copy is dated by its reading",
    copies: copies.DatedWhenFound,
    step: "take",
    refusal: "14 date",
  },
  {
    rule: "14",
    fault: "a copy without the shared entry is taken",
    copies: copies.Unjoined,
    step: "take",
    refusal: "14 joint",
  },
  {
    rule: "14",
    fault: "a copy omits an entry",
    copies: copies.Skipping,
    step: "copy",
    refusal: "12 chain",
  },
  {
    rule: "16",
    fault: "a failed check renews the view",
    parts: journal.failedCheckRenews,
    step: "take",
    refusal: "11 joint",
  },
  {
    rule: "17",
    fault: "no mark is appended",
    parts: journal.unmarked,
    step: "take",
    refusal: "17 marked",
  },
  {
    rule: "17",
    fault: "any mark is accepted",
    parts: journal.anyMarkWillDo,
    step: "take",
    refusal: "17 marked",
  },
  {
    rule: "17",
    fault: "an empty journal is not a loss",
    parts: journal.emptyIsNoLoss,
    step: "take",
    refusal: "11 joint",
  },
  {
    rule: "17",
    fault: "a loss counts as trimming",
    parts: journal.trimmedInsteadOfLost,
    step: "take",
    refusal: "17 marked",
  },
  {
    rule: "18",
    fault: "an empty journal gives a view",
    parts: journal.emptyView,
    step: "take",
    refusal: "18 empty",
  },
  {
    rule: "20",
    fault: "an entry is withdrawn",
    parts: journal.undone,
    step: "withdraw",
    refusal: "20 stays",
  },
  {
    rule: "21",
    fault: "200 without a confirmed append",
    parts: journal.acceptsUnanswered,
    step: "accept",
    refusal: "21 own",
  },
  {
    rule: "21",
    fault: "a repeated webhook is answered without a read-back",
    parts: journal.answeredFromMemory,
    kind: "resending",
    step: "wait",
    refusal: "22 due",
  },
  {
    rule: "21",
    fault: "a repeated webhook is answered with an old view",
    parts: journal.answeredFromMemory,
    kind: "resending",
    step: "answer_sender",
    refusal: "21 read",
  },
  {
    rule: "22",
    fault: "no entry is read back",
    parts: journal.neverReadBack,
    step: "confirm",
    refusal: "22 stands",
  },
  {
    rule: "27",
    fault: "the book is not asked",
    parts: book.unasked,
    kind: "trimming",
    step: "restamp",
    refusal: "16 reply",
  },
  {
    rule: "27",
    fault: "the stamp is not checked in the book",
    parts: book.stampUnchecked,
    kind: "trimming",
    step: "restamp",
    refusal: "27 noted",
  },
  {
    rule: "27",
    fault: "a book without the view's end is used",
    parts: book.endUnchecked,
    kind: "trimming",
    fromSeed: 830,
    step: "restamp",
    refusal: "27 end",
  },
  {
    rule: "27",
    fault: "purges by prefix or URL are not looked up",
    parts: book.prefixesUnnoted,
    kind: "diverging",
    step: "restamp",
    refusal: "27 covered",
  },
  {
    rule: "27",
    fault: "the new stamp is from the time of the answer",
    parts: book.restampedLate,
    kind: "diverging",
    fromSeed: 2210,
    step: "restamp",
    refusal: "27 question",
  },
  {
    rule: "27",
    fault: "an entry that the book lacks counts as trimmed",
    parts: book.lostCountsAsTrimmed,
    kind: "overrun",
    step: "take",
    refusal: "27 trimmed",
  },
  {
    rule: "27",
    fault: "a lost entry that the book lacks is not appended again",
    parts: book.unnotedIsNotReadBack,
    kind: "overrun",
    step: "confirm",
    refusal: "22 stands",
  },
];
