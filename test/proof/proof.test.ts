// Proves the promises of the purge protocol for any number of isolates, colos, entries, responses and
// reads. Without one of its rules, the proof fails.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Printing } from "../../testing/proof/formula.ts";
import { membersOf } from "../../testing/proof/history.ts";
import { type Obligations, obligations, rules, textsOf } from "../../testing/proof/obligations.ts";
import { Solver } from "../../testing/proof/solver.ts";

let solver: Solver;
beforeAll(async () => (solver = await Solver.start()));
afterAll(async () => solver.stop());

/** Returns the goals that the solver has not proved, with its verdicts. */
function unproved(given: readonly [Obligations, how?: Printing][]) {
  const found: string[] = [];
  for (const [one, how] of given) {
    const { question, goals } = textsOf(one, how);
    const texts = goals.map(({ text }) => text);
    const verdicts = solver.verdicts(question, texts);
    for (const [at, { name }] of goals.entries())
      if (verdicts[at] !== "proved") found.push(`${verdicts[at]}, ${one.of}: ${name}`);
  }
  return found;
}

describe("the solver proves", () => {
  it.each(obligations)("what is asked of $of", (one) => {
    expect(unproved([[one]])).toEqual([]);
  });
});

const late = "no answer later than N after a purge";
const obeyed = "an isolate that knows a purge obeys it";
const lie = "no 304 answers later than N after a hard purge";
const steady = "10: with a steady clock, an isolate's own dates lose at most A";
const unpurged = "1, 2, 4, 27: no entry up to the stamp purges the response";
const past = "1: stamp and body time are of the past";
const current = "11, 13: a view lacks no entry from before its read";
const falseLoss = "17, 18: a mark that begins no journal names a lost entry";
const whole = "19, 27: without a loss, the primary has an entry, or has trimmed it";
const noted = "10: the isolate has noted how far ahead the date of its own view was";
const posts = "24 b: an isolate knows the newest post up to the end of its view";
const underWay = "26 d: an increment under way has not counted";
const window = "27 e: the window is a path whose names the isolate has";

/** For each rule and assumption, a check that fails without it. */
const needed: readonly [rule: string, of: string, goal: string][] = [
  ["assumed: clocks", "promises", late],
  ["assumed: lag", "serve", "11: a read lacks no entry from before its request"],
  ["assumed: IDs", "append", "28 c: IDs rise along a path"],
  ["assumed: one state", "lose", "24: the key has no older post than the journal"],
  ["assumed: the journal's clock", "answerWithAge", unpurged],
  ["1 stamp", "store", unpurged],
  ["1 clock", "store", "1: an entry that purges the response is later than its body time"],
  ["2 body", "freshen", past],
  ["3 body", "combine", unpurged],
  ["4 stamp", "backfill", unpurged],
  ["4 time", "backfill", "1: an entry that purges the response is later than its body time"],
  ["4 colo", "backfill", past],
  ["5 hard", "promises", late],
  ["5 soft", "promises", late],
  ["6 older", "promises", obeyed],
  ["7 a stamp", "promises", late],
  ["7 a trimmed", "promises", late],
  ["7 a view", "promises", late],
  ["7 b colo", "promises", late],
  ["7 b body", "promises", late],
  ["10 step", "promises", steady],
  ["10 body", "promises", steady],
  ["10 view", "arrive", noted],
  ["10 read", "begin", noted],
  ["10 copy", "take", noted],
  ["10 noted", "request", "10: ... of the bodies that it requested"],
  ["11 date", "begin", current],
  ["11 ended", "begin", current],
  ["11 joint", "extend", current],
  ["12 back", "readBack", "11: a view is a path"],
  ["14 colo", "take", "11, 14: a view is dated by a clock of its colo"],
  ["14 date", "copy", "14: a copy lacks no entry from before its read"],
  ["14 joint", "take", current],
  ["16 primary", "restart", current],
  ["17 mark", "mark", "17: a mark covers everything"],
  ["17 base", "mark", falseLoss],
  ["17 primary", "mark", falseLoss],
  ["17 checked", "mark", falseLoss],
  ["17 noted", "mark", falseLoss],
  ["17 dropped", "mark", falseLoss],
  ["19 leaves", "serve", whole],
  ["27 lined", "serve", whole],
  ["18 still", "mark", "18: a mark that begins a journal has no past"],
  ["17 marked", "restart", "17, 22: the witness of an entry purges as much"],
  ["21 own", "accept", "21: an accepted entry was appended before"],
  ["22 again", "appendAgain", "17, 22: the witness of an entry purges as much"],
  ["22 applied", "promises", obeyed],
  ["22 read", "extend", "22: an isolate applies what it owes, or has it in its view"],
  ["23 sent", "revalidate", "23: no hard entry up to the stamp of a 304 purges what it validates"],
  ["23 stamp", "promises", lie],
  ["23 hard", "promises", lie],
  ["23 view", "promises", lie],
  ["23 again", "promises", lie],
  ["24 script", "append", "24: the key has no older post than the journal"],
  ["24 b atomic", "serve", "24 b: a read shows the newest post of its entries, or of the journal"],
  ["24 b key", "begin", posts],
  ["24 b read", "extend", posts],
  ["24 b newest", "extend", "24 b: an isolate has used no newer post than it knows"],
  ["24 c", "take", posts],
  ["24 d view", "promises", "24: no older state of the switch is used than N after a post"],
  ["24 e", "apply", "24 e: an isolate knows its own posts"],
  ["25 d between", "writeThrough", unpurged],
  [
    "25 e hold",
    "promises",
    "25 e: after a failed purge, the isolate answers only behind a purge of as much",
  ],
  ["25 e retry", "release", "25 e: a hold ends with a later purge of as much"],
  ["26 c head", "addFields", unpurged],
  ["26 c fields", "addFields", past],
  ["26 c stamp", "addFields", unpurged],
  ["26 c time", "addFields", "1: an entry that purges the response is later than its body time"],
  ["26 c colo", "addFields", past],
  ["26 d arrives", "increment", underWay],
  ["26 d once", "increment", underWay],
  ["27 b known", "restampByView", unpurged],
  ["27 b covered", "restampByView", unpurged],
  ["27 e gap", "readEpochs", window],
  ["27 e lineage", "readEpochs", window],
  ["27 f stamp", "restampByEpochs", unpurged],
  ["27 f joint", "restampByEpochs", unpurged],
  ["27 f names", "restampByEpochs", unpurged],
  ["28 c later", "promises", "28 c: no purged value replaces a recent one that is not"],
  ["28 d end", "setAlone", "28 d: the stamp of a value is not before the purges before its `set`"],
  ["29 body", "answerWithAge", unpurged],
  ["29 stamp", "answerWithAge", unpurged],
  ["29 later", "answerWithAge", unpurged],
  ["29 oldest", "answerWithAge", unpurged],
];

/** Rules of which the promises do not depend. */
const unneeded: Readonly<Record<string, string>> = {
  "7 ahead": "a late answer needs a clock that loses more, whatever it shows meanwhile",
  "17 once": "a second mark of a loss only adds cost: it covers what was loaded since the first",
  "25 d stamp": "a path has the stamp of a value, or each purge of its key is after the stamp",
  "26 c purged": "the head keeps the older stamp, so a purge of the new fields purges all fields",
};

/** Enough members for a counterexample to each of these checks. */
const sizes = { Isolate: 2, Colo: 2, Entry: 3, Response: 3, Read: 1, Copy: 1, Increment: 1 };
const few = new Map(Object.entries(sizes).map(([sort, count]) => [sort, membersOf(sort, count)]));

describe("without a rule, the proof fails", () => {
  it.each(needed)("%s, at %s: %s", (rule, of, goal) => {
    const one = obligations.find((each) => each.of === of);
    if (one === undefined) throw new Error(`There is no step ${of}.`);
    const { [goal]: term } = one.goals;
    if (term === undefined) throw new Error(`There is no part ${goal}.`);
    const how = { dropped: rule, members: few };
    expect(unproved([[{ ...one, goals: { [goal]: term } }, how]])).toEqual([
      `refuted, ${of}: ${goal}`,
    ]);
  });

  it.each(Object.keys(unneeded))("but not without %s", (rule) => {
    const changed = obligations.filter(
      (one) => JSON.stringify(textsOf(one, { dropped: rule })) !== JSON.stringify(textsOf(one)),
    );
    expect(changed.length).toBeGreaterThan(0);
    expect(unproved(changed.map((one) => [one, { dropped: rule }]))).toEqual([]);
  });

  it("each rule of the model has a row", () => {
    const named = [...needed.map(([rule]) => rule), ...Object.keys(unneeded)];
    expect(named.toSorted()).toEqual(rules.toSorted());
  });
});
