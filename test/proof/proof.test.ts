// Proves the promise of the purge protocol for any number of isolates, colos, entries, responses and
// reads. Without one of its rules, the proof fails, and many rules have a history that shows why.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { and, type Printing, some } from "../../testing/proof/formula.ts";
import { findHistory, membersOf } from "../../testing/proof/history.ts";
import { mayAnswer, promises } from "../../testing/proof/invariant.ts";
import { type Obligations, obligations, rules, textsOf } from "../../testing/proof/obligations.ts";
import { Solver } from "../../testing/proof/solver.ts";
import { reads } from "../../testing/proof/state.ts";
import { steps } from "../../testing/proof/steps.ts";

let solver: Solver;
beforeAll(async () => (solver = await Solver.start()));
afterAll(async () => solver.stop());

/** Returns the goals that the solver has not proved, with its verdicts. */
async function unproved(given: readonly [Obligations, how?: Printing][]) {
  const found: string[] = [];
  for (const [one, how] of given) {
    const { question, goals } = textsOf(one, how);
    const texts = goals.map(({ text }) => text);
    const verdicts = await solver.verdicts(question, texts);
    for (const [at, { name }] of goals.entries())
      if (verdicts[at] !== "proved") found.push(`${verdicts[at]}, ${one.of}: ${name}`);
  }
  return found;
}

describe("the solver proves", () => {
  it.each(obligations)("what is asked of $of", async (one) => {
    expect(await unproved([[one]])).toEqual([]);
  });
});

/** For each rule and assumption, a check that fails without it. */
const needed: readonly [rule: string, of: string, goal: string][] = [
  ["assumed: clocks", "promises", "no answer later than N after a purge"],
  ["21 own", "accept", "21: an accepted entry was appended before"],
  ["17 mark", "mark", "17: a mark covers everything"],
  ["22 applied", "promises", "an isolate that knows a purge obeys it"],
  ["22 read", "extend", "22: an isolate applies what it owes, or has it in its view"],
  ["3 body", "combine", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["22 again", "appendAgain", "17, 22: the witness of an entry purges as much"],
  ["assumed: lag", "serve", "11: a read lacks no entry from before its request"],
  ["12 pages", "nextPage", "12: a read shows a path"],
  ["11 ended", "begin", "11, 13: a view lacks no entry from before its read"],
  ["11 date", "begin", "11, 13: a view lacks no entry from before its read"],
  ["13 end", "extend", "11, 13: a view lacks no entry from before its read"],
  ["11 joint", "extend", "11, 13: a view lacks no entry from before its read"],
  ["16 primary", "restart", "11, 13: a view lacks no entry from before its read"],
  ["17 marked", "restart", "17, 22: the witness of an entry purges as much"],
  ["14 date", "copy", "14: a copy lacks no entry from before its read"],
  ["14 colo", "take", "11: a view is a path, and dated by the isolate's clock"],
  ["14 joint", "take", "11, 13: a view lacks no entry from before its read"],
  ["1 stamp", "store", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["1 clock", "store", "1: stamp and body time are of the past"],
  ["23 sent", "revalidate", "23: no hard entry up to the stamp of a 304 purges what it validates"],
  ["23 stamp", "promises", "no 304 answers later than N after a hard purge"],
  ["7 a trimmed", "promises", "no answer later than N after a purge"],
  ["23 hard", "promises", "no 304 answers later than N after a hard purge"],
  ["6 older", "promises", "an isolate that knows a purge obeys it"],
  ["5 soft", "promises", "no answer later than N after a purge"],
  ["23 view", "promises", "no 304 answers later than N after a hard purge"],
  ["2 body", "freshen", "1: stamp and body time are of the past"],
  ["4 stamp", "backfill", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["4 time", "backfill", "1: stamp and body time are of the past"],
  ["4 colo", "backfill", "1: stamp and body time are of the past"],
  ["27 noted", "restamp", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["27 end", "restamp", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["27 names", "restamp", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["27 covered", "restamp", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["27 question", "restamp", "1: stamp and body time are of the past"],
  ["29 body", "answerWithAge", "1: stamp and body time are of the past"],
  ["29 later", "answerWithAge", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["29 oldest", "answerWithAge", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  [
    "assumed: the journal's clock",
    "answerWithAge",
    "1, 2, 4, 27: no entry up to the stamp purges the response",
  ],
  ["25 d between", "writeThrough", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["26 c head", "addFields", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["26 c fields", "addFields", "1: stamp and body time are of the past"],
  ["26 c stamp", "addFields", "1, 2, 4, 27: no entry up to the stamp purges the response"],
  ["26 c time", "addFields", "1: an entry that purges the response is later than its body time"],
  ["26 c colo", "addFields", "1: stamp and body time are of the past"],
  ["5 hard", "promises", "no answer later than N after a purge"],
  ["7 a stamp", "promises", "no answer later than N after a purge"],
  ["7 a view", "promises", "no answer later than N after a purge"],
  ["7 b colo", "promises", "no answer later than N after a purge"],
  ["7 b body", "promises", "no answer later than N after a purge"],
];

/** Rules of which the promises do not depend. */
const unneeded: Readonly<Record<string, string>> = {
  "7 ahead": "clocks of a colo differ by at most E, so no time is further ahead",
  "25 d stamp": "a path has the stamp of a value, or each purge of its key is after the stamp",
  "26 c purged": "the head keeps the older stamp, so a purge of the new fields purges all fields",
};

/** Enough members for a counterexample to each of these checks. */
const sizes = { Isolate: 2, Colo: 2, Entry: 3, Response: 3, Read: 1, Copy: 1 };
const few = new Map(Object.entries(sizes).map(([sort, count]) => [sort, membersOf(sort, count)]));

describe("without a rule, the proof fails", () => {
  it.each(needed)("%s, at %s: %s", async (rule, of, goal) => {
    const one = obligations.find((each) => each.of === of);
    if (one === undefined) throw new Error(`There is no step ${of}.`);
    const { [goal]: term } = one.goals;
    if (term === undefined) throw new Error(`There is no part ${goal}.`);
    const how = { dropped: rule, members: few };
    expect(await unproved([[{ ...one, goals: { [goal]: term } }, how]])).toEqual([
      `refuted, ${of}: ${goal}`,
    ]);
  });

  it.each(Object.keys(unneeded))("but not without %s", async (rule) => {
    const changed = obligations.filter(
      (one) => JSON.stringify(textsOf(one, { dropped: rule })) !== JSON.stringify(textsOf(one)),
    );
    expect(changed.length).toBeGreaterThan(0);
    expect(await unproved(changed.map((one) => [one, { dropped: rule }]))).toEqual([]);
  });

  it("each rule of the model has a row", () => {
    const named = [...needed.map(([rule]) => rule), ...Object.keys(unneeded)];
    expect(named.toSorted()).toEqual(rules.toSorted());
  });
});

const begun = "append send serve begin";
const stored = `${begun} request generate store`;
const reread = "send serve extend";
const late = "no answer later than N after a purge";
const obeyed = "an isolate that knows a purge obeys it";

const faults: readonly [fault: string, rule: string, order: string, promise?: string][] = [
  [
    "the stamp is taken after the answer",
    "1 stamp",
    `${begun} request generate append accept wait ${reread} store wait`,
  ],
  [
    "the clock is read after the answer",
    "1 clock",
    `${begun} request generate append accept wait store wait`,
  ],
  [
    "a 304 renews the time of the body",
    "2 body",
    `${stored} append accept wait revalidate freshen wait`,
  ],
  ["a backfill gets the present time", "4 time", `${stored} append accept wait backfill wait`],
  [
    "an unknown stamp counts as new",
    "6 older",
    `${begun} request generate append append send serve restart`,
    obeyed,
  ],
  [
    "a view knows the stamps before its oldest entry",
    "7 a trimmed",
    `${stored} append accept append wait send serve restart wait`,
  ],
  [
    "a read is dated by its answer",
    "11 date",
    `${stored} send serve append accept wait extend wait`,
  ],
  [
    "late answers are merged",
    "13 end",
    `${stored} send serve append accept wait send serve extend extend wait wait`,
  ],
  [
    "a copy is dated by its writing",
    "14 date",
    `${stored} append accept wait copy replace take wait`,
  ],
  [
    "a copy without the view's end is taken",
    "14 joint",
    `${stored} copy append accept wait ${reread} take wait`,
  ],
  [
    "no mark is appended after a loss",
    "17 marked",
    `${stored} append ${reread} lose append send serve restart wait ${reread} wait`,
  ],
  [
    "a value is written although another purge is between",
    "25 d between",
    `${stored} append accept writeThrough wait ${reread} wait`,
  ],
  [
    "the book's new stamp is from the time of the answer",
    "27 question",
    `${stored} send serve append accept wait ${reread} restamp wait`,
  ],
  [
    "an answer of a cache before a purge is stored",
    "29 later",
    `${begun} append accept ${reread} request answerWithAge wait ${reread} wait`,
  ],
];

describe("a planted fault has a history that breaks a promise", () => {
  it.each(faults)("%s (%s)", async (_, dropped, order, promise = late) => {
    const { [promise]: last } = promises;
    if (last === undefined) throw new Error(`There is no promise ${promise}.`);
    expect(await findHistory(solver, { order, dropped, last })).toBeDefined();
  });
});

const answers = some("Isolate Response Bool Int", (i, r, isFresh, reading) =>
  and(reads(i, reading), mayAnswer(i, r, { isFresh, reading })),
);

describe("a history from an empty journal ends with an answer", () => {
  const orders = [
    `${stored} append send serve nextPage extend copy replace take`,
    `${stored} append accept append wait send serve restart backfill`,
    `${stored} append apply lose appendAgain applyAgain lose mark`,
    `${stored} revalidate freshen combine`,
    `${stored} append ${reread} send serve restamp`,
    `${stored} writeThrough request setWithPurge`,
    `${stored} request generate addFields`,
    `${begun} wait request answerWithAge`,
  ];

  it.each(orders)("%s", async (order) => {
    expect(await findHistory(solver, { order, last: answers })).toBeDefined();
  });

  it("with each step", () => {
    const taken = new Set(orders.flatMap((order) => order.split(" ")));
    expect(Object.keys(steps).filter((name) => !taken.has(name))).toEqual([]);
  });
});
