// Tests that the histories of write-behind find faults. Each row breaks a step of
// docs/internals/write-behind-protocol.md, and a number of histories must find a violation.
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
  /**
   * The maximum number of histories. It is several times the usual number, so that unrelated
   * changes do not fail the test.
   */
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
    fault: "ids are not stored",
    faults: { forgetsBatches: true },
    kind: "lossy",
    within: 60,
  },
  {
    step: 2,
    fault: "ids expire too early",
    faults: { times: { seenMs: 5_000 } },
    kind: "lossy",
    within: 100,
  },
  {
    step: 2,
    fault: "the id and the changes are stored in two steps",
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
    step: 2,
    fault: "the set's time falls back with the clock of Redis",
    faults: { timeFallsBack: true },
    kind: "corrected",
    within: 200,
  },
  {
    step: 3,
    fault: "a late batch gets another slice",
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
    fault: "a flush reads a replica",
    faults: { flushesLateByMs: 40_000 },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the sink ignores the mark",
    faults: { ignoresMark: true },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark moves in a separate transaction",
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
    fault: "the mark has no key, and its whole slice is treated as applied",
    faults: { marksWholeSlices: "applied" },
    kind: "steady",
    within: 60,
  },
  {
    step: 5,
    fault: "the mark has no key, and its whole slice is treated as not applied",
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
    fault: "a failure is treated as applied",
    faults: planted.failureIsTakenForSuccess,
    kind: "lossy",
    within: 900,
  },
  {
    step: 6,
    fault: "the slice is dropped before the last chunk is confirmed",
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
    fault: "values and mark are read at two instants",
    faults: { readsApart: true },
    kind: "steady",
    within: 100,
  },
  {
    step: 7,
    fault: "a reader reads a replica",
    faults: { readsLateByMs: 1_000 },
    kind: "steady",
    within: 60,
  },
  {
    step: 8,
    fault: "the put that arrives last stays",
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
  {
    step: 9,
    fault: "waiting slices stay before a restored mark",
    faults: { keepsBeforeMarks: true },
    kind: "corrected",
    within: 200,
  },
];

describe("histories of write-behind find a fault in step", () => {
  it.each(rows)("$step: $fault, within $within histories", async (row) => {
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
