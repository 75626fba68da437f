// Do the histories of write-behind find what they are for? Each step of docs/write-behind-protocol.md left out on
// purpose has to show within a number of histories.
import { describe, expect, it } from "vitest";
import type { BehindFaults } from "../../../testing/simulation/write-behind/behind-faults.ts";
import {
  type BehindHistory,
  behindHistoryOf,
} from "../../../testing/simulation/write-behind/behind-history.ts";
import type { BehindKind } from "../../../testing/simulation/write-behind/behind-weather.ts";
import * as planted from "./planted.ts";

interface Row {
  readonly step: number;
  readonly fault: string;
  readonly faults: BehindFaults;
  readonly kind: BehindKind;
  readonly of?: BehindHistory["of"];
  /** Several times what it usually takes, so that a change elsewhere does not make it red. */
  readonly within: number;
}

const rows: readonly Row[] = [
  {
    step: 1,
    fault: "another id on each try",
    faults: planted.newIdOnEachTry,
    kind: "lossy",
    within: 60,
  },
  {
    step: 1,
    fault: "another slice on each try",
    faults: planted.newSliceOnEachTry,
    kind: "reviving",
    within: 600,
  },
  {
    step: 2,
    fault: "no batch is known again",
    faults: { forgetsBatches: true },
    kind: "lossy",
    within: 60,
  },
  {
    step: 2,
    fault: "batches are known for too short",
    faults: { times: { seenMs: 5_000 } },
    kind: "lossy",
    within: 100,
  },
  {
    step: 2,
    fault: "remembered and counted in two steps",
    faults: { acceptsApart: true },
    kind: "lossy",
    within: 60,
  },
  {
    step: 2,
    fault: "late batches are accepted",
    faults: { acceptsLate: true },
    kind: "skewed",
    within: 200,
  },
  {
    step: 2,
    fault: "early batches are accepted",
    faults: { acceptsEarly: true, times: { seenMs: 50_000 } },
    kind: "skewed",
    within: 400,
  },
  {
    step: 3,
    fault: "what is late gets another slice",
    faults: planted.lateIsNotFinal,
    kind: "reviving",
    within: 200,
  },
  {
    step: 4,
    fault: "a slice is taken at its end",
    faults: { times: { restMs: 0 } },
    kind: "lossy",
    within: 60,
  },
  {
    step: 4,
    fault: "G is no longer than R",
    faults: { times: { restMs: 10_000 } },
    kind: "skewed",
    within: 1_000,
  },
  {
    step: 4,
    fault: "the newest slice is taken first",
    faults: { takesNewest: true },
    kind: "steady",
    within: 60,
  },
  {
    step: 4,
    fault: "a replica is asked",
    faults: { flushesLateByMs: 40_000 },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark is not asked",
    faults: { ignoresMark: true },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark moves in a transaction of its own",
    faults: { marksApart: true },
    kind: "lossy",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark moves backwards",
    faults: { marksBackwards: true },
    kind: "lossy",
    within: 700,
  },
  {
    step: 5,
    fault: "the mark is the slice alone, and all of it counts as applied",
    faults: { marksWholeSlices: "applied" },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark is the slice alone, and none of it counts as applied",
    faults: { marksWholeSlices: "not applied" },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark's keys are in another order",
    faults: { ordersByUtf16: true },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the chunks' keys are in another order",
    faults: planted.chunksByUtf16,
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "each chunk ends the slice",
    faults: planted.everyChunkEndsTheSlice,
    kind: "steady",
    within: 60,
  },
  {
    step: 6,
    fault: "a failure counts as applied",
    faults: planted.failureIsTakenForSuccess,
    kind: "lossy",
    within: 900,
  },
  {
    step: 6,
    fault: "dropped before the last chunk is confirmed",
    faults: planted.droppedBeforeItIsConfirmed,
    kind: "killing",
    within: 700,
  },
  {
    step: 7,
    fault: "the database is read first",
    faults: planted.databaseIsReadFirst,
    kind: "steady",
    within: 300,
  },
  {
    step: 7,
    fault: "a reader ignores the mark",
    faults: planted.readerIgnoresTheMark,
    kind: "steady",
    within: 60,
  },
  {
    step: 7,
    fault: "values and mark are of two moments",
    faults: { readsApart: true },
    kind: "steady",
    within: 100,
  },
  {
    step: 7,
    fault: "a reader asks a replica",
    faults: { readsLateByMs: 1_000 },
    kind: "steady",
    within: 60,
  },
  {
    step: 8,
    fault: "the put that comes last stays",
    faults: { ordersByArrival: true },
    kind: "lossy",
    of: "buffer",
    within: 60,
  },
  {
    step: 8,
    fault: "an older slice is applied after a newer one",
    faults: { takesNewest: true, ignoresMark: true },
    kind: "steady",
    of: "buffer",
    within: 60,
  },
];

describe("a step that is left out shows", () => {
  it.each(rows)("$step: $fault, within $within histories", { timeout: 120_000 }, async (row) => {
    const { faults, kind, of = "counter", within } = row;
    let seed = 0;
    let found: string | undefined;
    while (seed < within && found === undefined) {
      found = (await behindHistoryOf({ seed, kind, of, faults })).violation;
      seed += 1;
    }
    if (process.env["BEHIND_SEEDS"]) console.log(`${seed} of ${within}: ${row.fault}: ${found}`);
    expect(found).toBeDefined();
  });
});
