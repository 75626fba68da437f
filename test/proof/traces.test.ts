// Plays traces of the code by the steps of the proved model: simulated histories of views, of views
// with copies, and of requests. Traces of code with a planted fault are refused, by the rule that it breaks.
import { describe, expect, it } from "vitest";
import { shareOf } from "../../testing/histories.ts";
import { refusalOf } from "../../testing/proof/trace-player.ts";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as faulty from "../simulation/planted-in-copies.ts";
import { type Row, rows as plantedRows } from "../simulation/planted-rows.ts";

type Recording = Partial<Pick<Row, "kind" | "parts" | "siteParts" | "warmShare">>;

async function refusal(seed: number, recording: Recording) {
  const trace: string[] = [];
  const { kind = "ordinary", parts = {}, siteParts, warmShare = 0 } = recording;
  if (siteParts === undefined) await historyOf(seed, { kind, parts, trace });
  else await requestHistoryOf(seed, { kind, siteParts, warmShare, trace });
  // An empty trace would be accepted, too.
  expect(trace.length).toBeGreaterThan(20);
  return refusalOf(trace);
}

const ofViews: readonly WorldKind[] = [
  "ordinary",
  "failing",
  "crossing",
  "diverging",
  "trimming",
  "turned-back",
  "resending",
  "overrun",
];
const ofRequests: readonly WorldKind[] = [
  "ordinary",
  "crossing",
  "lying",
  "trimming",
  "turned-back",
  "cached",
];

describe("the model has the histories of the code", () => {
  const views = ofViews.map((kind) => ({ kind, of: "views", recording: () => ({ kind }) }));
  const copies = ofViews.map((kind) => {
    const recording = () => ({ kind, parts: partsWithCopies().parts });
    return { kind, of: "copies", recording };
  });
  const requests = ofRequests.map((kind) => {
    const recording = (seed: number) => ({ kind, siteParts: {}, warmShare: seed % 4 ? 0 : 0.5 });
    return { kind, of: "requests", recording };
  });
  it.each([...views, ...copies, ...requests])("$of: $kind", async ({ recording }) => {
    for (let seed = 0; seed < shareOf(24); seed += 1)
      expect(await refusal(seed, recording(seed))).toBeUndefined();
  });
});

/** The faults of planted-rows.ts whose traces the model refuses, and the rule that it names. */
const refused: readonly [fault: string, rule: string, fromSeed?: number, kind?: WorldKind][] = [
  ["the stamp is taken after the answer", "1 stamp"],
  ["the clock is read after the answer", "1 clock"],
  ["a soft purge hides a hard one", "5 hard", 15],
  ["the next entry is skipped", "5 hard"],
  ["an unknown stamp counts as new", "5 hard", 20],
  ["no bound applies", "7 a view"],
  ["the bound is 3 s longer", "7 a view", 10],
  ["the largest N applies to all routes", "7 b body", 22],
  ["any colo counts as the own one", "7 b colo", 39],
  ["the bound begins at the answer", "7 b body", 23],
  ["stale responses are exempt", "7 a view"],
  ["stale-if-error is exempt", "7 a view", 5],
  ["only-if-cached is exempt", "7 b body"],
  ["the time of an earlier request is used", "7 a view", 19],
  ["a read is dated by its answer", "11 date"],
  ["a read need not join the view", "11 joint"],
  ["a read joins the view by the ID alone", "11 joint", 6_482],
  ["late answers are merged", "12 chain"],
  ["a page without the view's end renews the view", "11 joint", 2],
  ["a failed check renews the view", "11 joint", 331],
  ["no mark is appended", "17 marked"],
  ["any mark is accepted", "17 marked", 5_440],
  ["a loss counts as trimming", "17 marked"],
  ["an empty journal gives a view", "17 marked", 10_361],
  ["an empty journal is not a loss", "11 joint"],
  ["an entry whose proof was dropped for room counts as lost", "17 dropped", 7],
  ["an entry is withdrawn", "20 stays"],
  ["200 without a confirmed append", "21 own"],
  ["a record moves forward although an entry covers it", "27 b covered"],
  ["epochs verify a stamp from before their first entry", "27 f stamp", 2],
  ["purges by prefix or URL are not looked up", "27 f names", 27, "gapped"],
  ["an epoch verifies a stamp of another lineage", "27 f stamp", 15, "overrun"],
  ["epochs that end before the chain verify a stamp", "27 f joint", 54],
  ["an entry that never existed counts as trimmed", "17 marked"],
  ["the stamp is taken when a response is stored", "1 stamp", 0],
  ["the stamp is taken when a warmed page is stored", "1 stamp"],
  ["a 304 freshens the record that memory has by then", "4 time"],
  ["a body is used without checking its digest", "3 body", 2_209],
  ["a backfill gets the view's stamp", "4 stamp"],
  ["a backfill gets this colo and the present time", "4 time"],
  ["followers use the leader's response without judging it", "7 a view", 5],
  ["a reading of the clock is kept between requests", "1 clock"],
  ["a purged response is validated", "23 hard"],
  ["a response is validated with a view that is too old", "23 again", 239],
  ["the age of an answer is not read", "29 later"],
  ["purges that the view has dropped do not count", "29 stamp", 50],
  ["the body time is that of the request", "7 b body", 440],
  ["a stamp before the oldest entry counts as that entry", "7 a stamp", 14, "trimming"],
  ["a step back of the clock is not detected", "10 view", 108],
  ["bodies that were requested before a step back are trusted", "10 body", 151],
  ["a read from before a step back dates the view", "10 read", 443],
];

const refusedCopies = [
  ["a copy is dated by its writing", faulty.DatedWhenCopied, "14 date"],
  ["a copy is dated by its reading", faulty.DatedWhenFound, "14 date"],
  ["a copy without the shared entry is taken", faulty.Unjoined, "14 joint"],
  ["a copy omits an entry", faulty.Skipping, "12 chain"],
] as const;

/** The maximum number of histories until a fault shows, several times the usual number. */
const within = 100;

/** Returns the first seed whose trace is refused by a rule; `undefined` if there is none. */
async function seedRefused(rule: string, fromSeed: number, recording: Recording) {
  for (let seed = fromSeed; seed < fromSeed + within; seed += 1) {
    const found = await refusal(seed, recording);
    if (found?.rules.includes(rule) === true) return seed;
  }
  return undefined;
}

describe("the model refuses a planted fault", () => {
  it.each(refused)("%s, by %s", async (fault, rule, fromSeed, kind) => {
    const planted = plantedRows.find((one) => one.fault === fault);
    if (planted === undefined) throw new Error(`No row of planted-rows.ts is named ${fault}.`);
    const row = { ...planted, ...(kind && { kind }) };
    const seed = await seedRefused(rule, fromSeed ?? row.fromSeed ?? 0, row);
    expect(seed).toBeDefined();
    const sound = { ...row, parts: {}, ...(row.siteParts && { siteParts: {} }) };
    expect(await refusal(seed ?? 0, sound)).toBeUndefined();
  });

  it.each(refusedCopies)("%s, by %3$s", async (_, Copies, rule) => {
    const { parts } = partsWithCopies({ Copies });
    expect(await seedRefused(rule, 0, { parts })).toBeDefined();
  });
});

it.each([
  { of: "views", run: historyOf },
  { of: "requests", run: requestHistoryOf },
])("a trace changes no history of $of", async ({ run }) => {
  const told = async (trace: string[] | undefined) => {
    const lines: string[] = [];
    await run(11, { trace, tell: (line) => void lines.push(line) });
    return lines;
  };
  expect(await told([])).toEqual(await told(undefined));
});
