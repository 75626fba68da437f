// Finds concrete histories of the model, from an empty journal on: without a rule, one breaks a promise. With
// all rules, each step occurs in one that ends with an answer.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { some } from "../../testing/proof/formula.ts";
import { findHistory } from "../../testing/proof/history.ts";
import { promises } from "../../testing/proof/promises.ts";
import { Solver } from "../../testing/proof/solver.ts";
import { clock } from "../../testing/proof/state.ts";
import { steps } from "../../testing/proof/steps.ts";
import { mayAnswer } from "../../testing/proof/verdict.ts";

let solver: Solver;
beforeAll(async () => (solver = await Solver.start()));
afterAll(async () => solver.stop());

const late = "no answer later than N after a purge";
const obeyed = "an isolate that knows a purge obeys it";
const steady = "10: with a steady clock, an isolate's own dates lose at most A";

const begun = "append send serve begin";
const reread = "send serve extend";
const stored = `${begun} request generate store`;

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
    "11 joint",
    `${stored} send serve append accept wait send serve extend extend wait wait`,
  ],
  ["a copy is dated by its writing", "14 date", `${stored} append accept wait copy take wait`],
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
    "a replica that lags shows a loss",
    "17 primary",
    `${begun} append ${reread} send serve mark`,
    "17, 18: no mark is appended if nothing was lost",
  ],
  [
    "a value is written although another purge is between",
    "25 d between",
    `${stored} append accept writeThrough wait ${reread} wait`,
  ],
  [
    "a record moves forward although an entry covers it",
    "27 b covered",
    `${stored} append accept ${reread} restampByView wait ${reread} wait`,
  ],
  [
    "an answer of a cache before a purge is stored",
    "29 later",
    `${begun} append accept ${reread} request answerWithAge wait ${reread} wait`,
  ],
  [
    "... after the view began again",
    "29 stamp",
    `${begun} append accept ${reread} send serve begin request lose mark append send serve restart answerWithAge`,
    obeyed,
  ],
  ["a step back is not detected", "10 step", `${stored} append accept setClock wait`, steady],
  [
    "a step back leaves the view its age",
    "10 view",
    `${stored} append accept setClock arrive wait`,
    steady,
  ],
  [
    "a read from before a step back dates the view",
    "10 read",
    `${stored} send serve append accept setClock arrive extend wait arrive`,
    steady,
  ],
  [
    "bodies from before a step back are trusted",
    "10 body",
    `request generate append accept setClock arrive wait`,
    steady,
  ],
  [
    "a copy from before a step back is taken",
    "10 copy",
    `${stored} copy append accept setClock arrive take wait`,
    steady,
  ],
  [
    "a step forward is not noted with a date",
    "10 noted",
    `arrive setClock request generate append accept setClock wait`,
    steady,
  ],
  [
    "a post is older than that of the key",
    "24 script",
    "append append wait send serve begin wait",
    "24: no older state of the switch is used than N after a post",
  ],
  [
    "an isolate goes back to the post of a copy",
    "24 b newest",
    `${begun} copy append ${reread} arrive take`,
    "24: an isolate never returns to an older post, and uses its own",
  ],
  [
    "a held value answers",
    "25 e hold",
    `${stored} hold`,
    "25 e: after a failed purge, the isolate answers only behind a purge of as much",
  ],
  [
    "a script counts twice",
    "26 d arrives",
    "sendIncrement increment increment",
    "26 d: no increment counts twice",
  ],
  [
    "epochs with a purge justify a stamp",
    "27 f names",
    `${stored} append accept ${reread} readEpochs restampByEpochs wait ${reread} wait`,
  ],
  [
    "the window spans a gap",
    "27 e gap",
    `${stored} append accept append ${reread} readEpochs restampByEpochs wait ${reread} wait`,
  ],
  [
    "a purged value replaces a newer one",
    "28 c later",
    `${begun} request generate append ${reread} request`,
    "28 c: no purged value replaces a recent one that is not",
  ],
  [
    "a value is set behind the journal's end",
    "28 d end",
    `${begun} request append wait setAlone`,
    "28 d: no purge from before a `set` purges its value",
  ],
];

describe("a planted fault has a history that breaks a promise", () => {
  it.each(faults)("%s (%s)", (_, dropped, order, promise = late) => {
    const { [promise]: last } = promises;
    if (last === undefined) throw new Error(`There is no promise ${promise}.`);
    expect(findHistory(solver, { order, dropped, last })).toBeDefined();
  });
});

const answers = some("Isolate Response Bool", (i, r, isFresh) =>
  mayAnswer(i, r, { isFresh, reading: clock(i) }),
);

describe("a history from an empty journal ends with an answer", () => {
  const orders = [
    `${stored} append send serve extend copy take`,
    `append ${stored} send serve readBack`,
    `${stored} append accept append wait send serve restart backfill`,
    `${stored} append apply lose appendAgain applyAgain lose send serveNone mark`,
    `${stored} revalidate freshen combine`,
    `${stored} append ${reread} restampByView`,
    `${stored} writeThrough request setWithPurge`,
    `${stored} request generate addFields`,
    `${begun} wait request answerWithAge`,
    `${stored} setClock arrive ${reread} readEpochs restampByEpochs`,
    `${stored} hold append release ${reread} request setAlone sendIncrement increment`,
  ];

  it.each(orders)("%s", (order) => {
    expect(findHistory(solver, { order, last: answers })).toBeDefined();
  });

  it("with each step", () => {
    const taken = new Set(orders.flatMap((order) => order.split(" ")));
    expect(Object.keys(steps).filter((name) => !taken.has(name))).toEqual([]);
  });
});
