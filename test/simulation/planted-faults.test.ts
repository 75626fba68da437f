// Tests that the histories find faults. Each row breaks a rule of the purge protocol, and a number
// of histories must find a violation. The end lists the rules without a row, and their tests.
import { describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import * as book from "./planted-in-book.ts";
import * as journal from "./planted-in-journal.ts";
import * as view from "./planted-in-view.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { type Row, rowsOfRequests } from "./planted-rows-of-requests.ts";

const rows: readonly Row[] = [
  ...rowsOfRequests,
  { rule: "1", fault: "the stamp is taken after the answer", parts: view.stampedLate, within: 300 },
  {
    rule: "1",
    fault: "the clock is read after the answer",
    parts: view.clockNotedLate,
    fromSeed: 224,
    within: 300,
  },
  {
    rule: "5",
    fault: "a soft purge hides a hard one",
    parts: view.softHidesHard,
    fromSeed: 7,
    within: 100,
  },
  {
    rule: "5",
    fault: "the next entry is skipped",
    parts: view.oneEntryOverlooked,
    fromSeed: 8,
    within: 60,
  },
  { rule: "6", fault: "an unknown stamp counts as new", parts: view.unknownIsNew, within: 30 },
  { rule: "7", fault: "no bound applies", parts: view.unbounded, within: 30 },
  { rule: "7", fault: "the bound is 3 s longer", parts: view.withoutAllowance, within: 150 },
  {
    rule: "7",
    fault: "the largest N applies to all routes",
    parts: view.largestLagForAll,
    fromSeed: 14,
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
    within: 300,
  },
  { rule: "8", fault: "stale responses are exempt", parts: view.staleUnbounded, within: 30 },
  { rule: "8", fault: "stale-if-error is exempt", parts: view.errorUnbounded, within: 30 },
  { rule: "8", fault: "only-if-cached is exempt", parts: view.onlyIfCachedUnbounded, within: 30 },
  {
    rule: "10",
    fault: "the time of an earlier request is used",
    parts: view.clockKept,
    fromSeed: 16,
    within: 150,
  },
  {
    rule: "10",
    fault: "a step back of the clock is not detected",
    parts: view.setBackUnnoticed,
    kind: "turned-back",
    fromSeed: 36,
    within: 150,
  },
  {
    rule: "10",
    fault: "bodies that were requested before a step back are trusted",
    parts: view.trustedAgain,
    kind: "turned-back",
    fromSeed: 146,
    within: 2_000,
  },
  {
    rule: "10",
    fault: "a read from before a step back dates the view",
    parts: view.datedBeforeTheStep,
    kind: "turned-back",
    fromSeed: 285,
    within: 1_500,
  },
  {
    rule: "11",
    fault: "a read is dated by its answer",
    parts: journal.datedLate,
    fromSeed: 21,
    within: 1_500,
  },
  { rule: "11", fault: "a read need not join the view", parts: journal.unjoined, within: 400 },
  {
    rule: "11",
    fault: "a read joins the view by the ID alone",
    parts: journal.joinedByIdAlone,
    fromSeed: 6_440,
    within: 8_000,
  },
  {
    rule: "11",
    fault: "a read ends with a full page",
    parts: journal.onePageAlone,
    kind: "crowded",
    fromSeed: 10,
    within: 120,
  },
  {
    rule: "12",
    fault: "a stamp before the oldest entry counts as that entry",
    parts: view.floorIsKnown,
    kind: "crowded",
    fromSeed: 9,
    within: 60,
  },
  {
    rule: "13",
    fault: "late answers are merged",
    parts: journal.lateAnswersMerged,
    fromSeed: 10,
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
    fromSeed: 284,
    within: 1_500,
  },
  { rule: "17", fault: "no mark is appended", parts: journal.unmarked, fromSeed: 17, within: 400 },
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
    fromSeed: 190,
    within: 1_500,
  },
  {
    rule: "17",
    fault: "a loss counts as trimming",
    parts: journal.trimmedInsteadOfLost,
    fromSeed: 17,
    within: 500,
  },
  {
    rule: "18",
    fault: "an empty journal gives a view",
    parts: journal.emptyView,
    fromSeed: 10_361,
    within: 1_500,
  },
  { rule: "20", fault: "an entry is withdrawn", parts: journal.undone, within: 100 },
  {
    rule: "21",
    fault: "200 without a confirmed append",
    parts: journal.acceptsUnanswered,
    fromSeed: 199,
    within: 300,
  },
  {
    rule: "21",
    fault: "a repeated webhook is answered without a read-back",
    parts: journal.answeredFromMemory,
    kind: "resending",
    fromSeed: 3_777,
    within: 5_000,
  },
  {
    rule: "22",
    fault: "no entry is read back",
    parts: journal.neverReadBack,
    fromSeed: 6_540,
    within: 4_000,
  },
  { rule: "27", fault: "the book is not asked", parts: book.unasked, kind: "trimming", within: 60 },
  {
    rule: "27",
    fault: "the stamp is not checked in the book",
    parts: book.stampUnchecked,
    kind: "trimming",
    within: 60,
  },
  {
    rule: "27",
    fault: "a book without the view's end is used",
    parts: book.endUnchecked,
    kind: "trimming",
    fromSeed: 830,
    within: 2_000,
  },
  {
    rule: "27",
    fault: "purges by prefix or URL are not looked up",
    parts: book.prefixesUnnoted,
    kind: "diverging",
    fromSeed: 50,
    within: 800,
  },
  {
    rule: "27",
    fault: "a look-up cuts the path at another directory than the note",
    parts: book.directoryCutEarlier,
    kind: "diverging",
    fromSeed: 51,
    within: 100,
  },
  {
    rule: "27",
    fault: "the new stamp is from the time of the answer",
    parts: book.restampedLate,
    kind: "diverging",
    fromSeed: 2_217,
    within: 3_000,
  },
  {
    rule: "27",
    fault: "an entry that the book lacks counts as trimmed",
    parts: book.lostCountsAsTrimmed,
    kind: "overrun",
    fromSeed: 40,
    within: 1_500,
  },
  {
    rule: "27",
    fault: "a lost entry that the book lacks is not appended again",
    parts: book.unnotedIsNotReadBack,
    kind: "overrun",
    fromSeed: 290,
    within: 4_000,
  },
];

describe("histories find a planted fault", () => {
  it.each(rows)("rule $rule: $fault, within $within histories", async (row) => {
    const { parts = {}, siteParts, warmShare = 0 } = row;
    const { kind = "ordinary", fromSeed = 0, within } = row;
    const isFound = async (seed: number) => {
      const history =
        siteParts === undefined
          ? await historyOf(seed, { parts, kind })
          : await requestHistoryOf(seed, { parts, siteParts, kind, warmShare });
      return history.violations.length > 0;
    };
    let seed = fromSeed;
    while (seed < fromSeed + within && !(await isFound(seed))) seed += 1;
    expect(seed).toBeLessThan(fromSeed + within);
  });

  // Rules that these histories cannot test, by the test that does. If broken, some of them only add
  // cost. Others need another kind of history.
  const heldElsewhere = {
    "6, the renewal": "rules-match.test.ts",
    "14": "history-copies.test.ts",
    "15": "rules-refresh.test.ts",
    "19": "redis-journal-back.test.ts",
    "24": "switch-history.test.ts",
    "25": "write-history.test.ts",
    "26": "field-history.test.ts",
  };

  it("each of the 27 rules has a row here, or a test elsewhere", () => {
    const numbers = [...rows.map(({ rule }) => rule), ...Object.keys(heldElsewhere)];
    const named = new Set(numbers.map((rule) => parseInt(rule, 10)));
    const all = Array.from({ length: 27 }, (_, at) => at + 1);
    expect(all.filter((rule) => !named.has(rule))).toEqual([]);
  });
});
