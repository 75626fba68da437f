// Plays traces of code with planted faults by the specification of the purge protocol. It rejects
// each fault at the faulty step, and names the rule. The same histories of the sound code are accepted.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import {
  partsWithCopies,
  type SimulatedCopies,
} from "../../testing/simulation/simulated-copies.ts";
import { isSpinInstalled, type TraceVerdict, Verifier } from "../../testing/specification/spin.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import * as faulty from "../simulation/planted-in-copies.ts";
import { type Row, rows as plantedRows } from "../simulation/planted-rows.ts";

interface FaultRow extends Pick<Row, "rule" | "fault" | "parts" | "siteParts" | "warmShare"> {
  readonly kind?: WorldKind | undefined;
  /** If present, isolates share copies of their views by this class. */
  readonly copies?: typeof SimulatedCopies;
  /** The first seed, shortly before one that shows the fault. Default: 0. */
  readonly fromSeed?: number;
  /** The step of the rejected event. */
  readonly step: string;
  /** The condition that the event does not meet. */
  readonly refusal: string;
}

type Refused = [fault: string, step: string, refusal: string, Pick<FaultRow, "kind" | "fromSeed">?];
/** The faults of planted-rows.ts that leave a trace, with the step that is rejected and its condition. */
const refused: readonly Refused[] = [
  ["the stamp is taken after the answer", "store", "1 stamp"],
  ["the clock is read after the answer", "store", "1 clock"],
  ["a soft purge hides a hard one", "answer", "5 hard"],
  ["the next entry is skipped", "answer", "5 hard"],
  ["an unknown stamp counts as new", "answer", "6 older"],
  ["no bound applies", "answer", "7 a view"],
  ["the bound is 3 s longer", "answer", "7 a view"],
  ["the largest N applies to all routes", "answer", "7 a view"],
  ["any colo counts as the own one", "answer", "7 b colo"],
  ["the bound begins at the answer", "answer", "7 b body"],
  ["stale responses are exempt", "answer", "7 a view"],
  ["stale-if-error is exempt", "answer", "7 a view"],
  ["only-if-cached is exempt", "answer", "7 a view"],
  ["the time of an earlier request is used", "answer", "7 a view"],
  ["a step back of the clock is not detected", "take", "10 read"],
  [
    "bodies that were requested before a step back are trusted",
    "answer",
    "10 body",
    { fromSeed: 115 },
  ],
  ["a read from before a step back dates the view", "take", "10 read"],
  ["a read is dated by its answer", "take", "11 date"],
  ["a read need not join the view", "take", "11 joint"],
  ["a read joins the view by the ID alone", "take", "11 joint", { fromSeed: 40 }],
  [
    "a stamp before the oldest entry counts as that entry",
    "answer",
    "7 a stamp",
    { kind: "trimming" },
  ],
  ["late answers are merged", "take", "12 chain"],
  ["a page without the view's end renews the view", "take", "11 joint"],
  ["a failed check renews the view", "take", "11 joint"],
  ["no mark is appended", "take", "17 marked"],
  ["any mark is accepted", "take", "17 marked"],
  ["an empty journal is not a loss", "take", "11 joint"],
  ["a loss counts as trimming", "take", "17 marked"],
  ["an empty journal gives a view", "take", "18 empty"],
  ["an entry is withdrawn", "withdraw", "20 stays"],
  ["200 without a confirmed append", "accept", "21 own"],
  ["a repeated webhook is answered without a read-back", "wait", "22 due"],
  ["a repeated webhook is answered without a read-back", "answer_sender", "21 read"],
  ["no entry is read back", "confirm", "22 stands"],
  ["the book is not asked", "restamp", "16 reply"],
  ["the stamp is not proven", "restamp", "27 noted"],
  ["a book without the names since the stamp is used", "restamp", "27 names", { fromSeed: 900 }],
  ["an entry whose proof was dropped for room counts as lost", "mark", "17 checked"],
  ["a book without the view's end is used", "restamp", "27 end", { fromSeed: 900 }],
  ["purges by prefix or URL are not looked up", "restamp", "27 covered"],
  ["the new stamp is from the time of the answer", "restamp", "27 question", { fromSeed: 1_950 }],
  ["an entry that never existed counts as trimmed", "take", "27 trimmed"],
  ["a lost entry that the lineages lack is not appended again", "confirm", "22 stands"],
  ["the stamp is taken when a response is stored", "store", "1 stamp"],
  ["the stamp is taken when a warmed page is stored", "store", "1 stamp"],
  ["a 304 freshens the record that memory has by then", "read", "4 time"],
  ["a body is used without checking its digest", "read", "3 body", { fromSeed: 2180 }],
  ["a backfill gets the view's stamp", "read", "4 stamp"],
  ["a backfill gets this colo and the present time", "read", "4 time"],
  ["followers use the leader's response without judging it", "answer", "9 follower"],
  ["a reading of the clock is kept between requests", "store", "1 clock"],
  ["a purged response is validated", "load", "23 hard"],
  ["a response is validated with a view that is too old", "load", "23 view"],
  ["the age of an answer is not read", "store", "29 later"],
  ["purges that the view has dropped do not count", "store", "29 oldest", { fromSeed: 60 }],
  ["the body time is that of the request", "answer", "7 b body", { fromSeed: 438 }],
];
const faultOfCopies = (
  fault: string,
  Copies: typeof SimulatedCopies,
  [step, refusal]: [step: string, refusal: string],
): FaultRow => ({ rule: "14", fault, copies: Copies, step, refusal });
const rows: readonly FaultRow[] = [
  ...refused.map(([fault, step, refusal, other]): FaultRow => {
    const row = plantedRows.find((one) => one.fault === fault);
    if (row === undefined) throw new Error(`No row of planted-rows.ts is named ${fault}.`);
    const { fromSeed: _, ...given } = row;
    return Object.assign(given, { step, refusal }, other);
  }),
  faultOfCopies("a copy is dated by its writing", faulty.DatedWhenCopied, ["copy", "14 date"]),
  faultOfCopies("a copy is dated by its reading", faulty.DatedWhenFound, ["take", "14 date"]),
  faultOfCopies("a copy without the shared entry is taken", faulty.Unjoined, ["take", "14 joint"]),
  faultOfCopies("a copy omits an entry", faulty.Skipping, ["copy", "12 chain"]),
];

/** The maximum number of histories until a fault shows, several times the usual number. */
const within = 100;
const seedsInTurn = 5;

async function recorded(row: FaultRow, seed: number, isPlanted: boolean): Promise<string[]> {
  const trace: string[] = [];
  const { siteParts, warmShare = 0, kind = "ordinary", copies, parts = {} } = row;
  const given = { kind, trace };
  if (siteParts !== undefined) {
    const planted = isPlanted ? siteParts : {};
    await requestHistoryOf(seed, { ...given, siteParts: planted, warmShare });
  } else if (copies !== undefined) {
    const { parts: sharing } = partsWithCopies(isPlanted ? { Copies: copies } : {});
    await historyOf(seed, { ...given, parts: sharing });
  } else {
    await historyOf(seed, { ...given, parts: isPlanted ? parts : {} });
  }
  return trace;
}

describe.runIf(isSpinInstalled)("the specification rejects traces of a planted fault", () => {
  let verifier: Verifier;
  beforeAll(async () => (verifier = await Verifier.compile("traces")));
  afterAll(async () => verifier.remove());

  /** Returns the first seed whose trace is rejected as the row says; `undefined` if there is none. */
  async function seedOf(row: FaultRow): Promise<number | undefined> {
    const { fromSeed = 0, step, refusal } = row;
    for (let first = fromSeed; first < fromSeed + within; first += seedsInTurn) {
      const seeds = Array.from({ length: seedsInTurn }, (_, at) => first + at);
      const traces: string[][] = [];
      for (const seed of seeds) traces.push(await recorded(row, seed, true));
      const verdicts = await verifier.play(traces);
      const isRightly = (verdict: TraceVerdict) =>
        verdict.kind === "rejected" && verdict.step === step && verdict.rules.includes(refusal);
      const at = verdicts.findIndex(isRightly);
      if (at >= 0) return seeds[at];
    }
    return undefined;
  }

  it.each(rows)("rule $rule: $fault, at $step, by $refusal", async (row) => {
    const seed = await seedOf(row);
    expect(seed).toBeDefined();
    const sound = await recorded(row, seed ?? 0, false);
    expect(await verifier.play([sound])).toEqual([{ kind: "accepted" }]);
  });

  it("names at least 20 faults, each once", () => {
    const names = rows.map(({ fault, refusal }) => `${fault}, by ${refusal}`);
    expect(new Set(names).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(20);
  });
});
