// Plays traces of the code by the steps of the proved model: simulated histories of views, and of
// views with copies. Traces of code with a planted fault are refused, by the rule that it breaks.
import { describe, expect, it } from "vitest";
import { shareOf } from "../../testing/histories.ts";
import { refusalOf } from "../../testing/proof/trace-player.ts";
import { historyOf } from "../../testing/simulation/history.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import type { Parts } from "../../testing/simulation/simulated-isolate.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as faulty from "../simulation/planted-in-copies.ts";
import { rows as plantedRows } from "../simulation/planted-rows.ts";

interface Recording {
  readonly kind?: WorldKind | undefined;
  readonly parts?: Partial<Parts> | undefined;
}

async function refusal(seed: number, { kind = "ordinary", parts = {} }: Recording) {
  const trace: string[] = [];
  await historyOf(seed, { kind, parts, trace });
  // An empty trace would be accepted, too.
  expect(trace.length).toBeGreaterThan(20);
  return refusalOf(trace);
}

const kinds: readonly WorldKind[] = [
  "ordinary",
  "failing",
  "crossing",
  "diverging",
  "trimming",
  "resending",
  "overrun",
];

describe("the model has the histories of the code", () => {
  const rows = kinds.flatMap((kind) => [
    { kind, of: "views", parts: () => ({}) },
    { kind, of: "copies", parts: () => partsWithCopies().parts },
  ]);
  it.each(rows)("$of: $kind", async ({ kind, parts }) => {
    for (let seed = 0; seed < shareOf(60); seed += 1)
      expect(await refusal(seed, { kind, parts: parts() })).toBeUndefined();
  });
});

/** The faults of planted-rows.ts whose traces the model refuses, and the rule that it names. */
const refused: readonly [fault: string, rule: string, fromSeed?: number][] = [
  ["the stamp is taken after the answer", "1 stamp"],
  ["the clock is read after the answer", "1 clock"],
  ["a soft purge hides a hard one", "5 hard"],
  ["the next entry is skipped", "5 hard"],
  ["an unknown stamp counts as new", "5 hard", 20],
  ["no bound applies", "7 a view"],
  ["the bound is 3 s longer", "7 a view"],
  ["the largest N applies to all routes", "7 b body"],
  ["any colo counts as the own one", "7 b colo"],
  ["the bound begins at the answer", "7 b body"],
  ["stale responses are exempt", "7 a view"],
  ["stale-if-error is exempt", "7 a view"],
  ["only-if-cached is exempt", "7 b body"],
  ["the time of an earlier request is used", "7 a view"],
  ["a read is dated by its answer", "11 date"],
  ["a read need not join the view", "11 joint"],
  ["a read joins the view by the ID alone", "11 joint", 6_460],
  ["late answers are merged", "12 chain"],
  ["a page without the view's end renews the view", "11 joint"],
  ["a failed check renews the view", "11 joint", 330],
  ["no mark is appended", "17 marked"],
  ["any mark is accepted", "17 marked"],
  ["a loss counts as trimming", "17 marked"],
  ["an empty journal gives a view", "17 marked"],
  ["an entry is withdrawn", "20 stays"],
  ["200 without a confirmed append", "21 own"],
  ["the book is not asked", "27 covered"],
  ["the stamp is not proven", "27 covered"],
  ["a book without the view's end is used", "27 end", 900],
  ["a book without the names since the stamp is used", "27 names", 900],
  ["purges by prefix or URL are not looked up", "27 covered"],
  ["a look-up cuts the path at another directory than the note", "27 covered"],
  ["the new stamp is from the time of the answer", "27 question", 1_950],
  ["an entry that never existed counts as trimmed", "17 marked"],
];

const refusedCopies = [
  ["a copy is dated by its writing", faulty.DatedWhenCopied, "14 date"],
  ["a copy is dated by its reading", faulty.DatedWhenFound, "14 date"],
  ["a copy without the shared entry is taken", faulty.Unjoined, "14 joint"],
  ["a copy omits an entry", faulty.Skipping, "5 hard"],
] as const;

/** The maximum number of histories until a fault shows, several times the usual number. */
const within = 100;

async function expectRefused(rule: string, fromSeed: number, recording: Recording): Promise<void> {
  let seed = fromSeed;
  while (seed < fromSeed + within && !(await refusal(seed, recording))?.rules.includes(rule))
    seed += 1;
  expect(seed).toBeLessThan(fromSeed + within);
}

describe("the model refuses a planted fault", () => {
  it.each(refused)("%s, by %s", async (fault, rule, fromSeed) => {
    const row = plantedRows.find((one) => one.fault === fault);
    if (row === undefined) throw new Error(`No row of planted-rows.ts is named ${fault}.`);
    await expectRefused(rule, fromSeed ?? row.fromSeed ?? 0, row);
  });

  it.each(refusedCopies)("%s, by %3$s", async (_, Copies, rule) => {
    await expectRefused(rule, 0, { parts: partsWithCopies({ Copies }).parts });
  });
});
