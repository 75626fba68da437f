// Tests which request sends a batch whose own request has ended, and in which slice. Also tests the
// slices of batches after the isolate's clock was set back.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adds, puts } from "../../src/write-behind/change-kind.ts";
import { batchKeysMax } from "../../src/write-behind/change-batch.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import type { Batch } from "../../src/write-behind/change-slices.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import {
  accepted,
  add,
  answered,
  bytes,
  openGathering,
  openGatheringOf,
  unavailable,
} from "./gathering-world.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("a batch of an isolate", () => {
  const slicesOf = (sent: readonly Batch<Add>[]) =>
    sent.map(({ slice, changes }) => [changes[0]?.key, slice]);

  it("has no older slice than an earlier full batch that its ended request did not send", async () => {
    const { clock, sent, gathering, state, pass } = openGathering();
    const first = sliceAt(clock.atMs, usualTimes);
    state.isCutOff = true;
    for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`full${call}`), 1);
    state.isCutOff = false;
    gathering.add(add("z"), 1);
    await pass(11);
    gathering.add(add("last"), 1);
    await pass(1);
    expect(slicesOf(sent)).toEqual([
      ["z", first],
      ["full0", first],
      ["last", first + 1],
    ]);
  });

  it("has no older slice than an earlier batch if the isolate's clock is set back", async () => {
    const { clock, sent, gathering } = openGathering();
    for (const [key, seconds] of Object.entries({ a: 0, back: -10, b: 0, on: 20 })) {
      clock.advance(seconds);
      gathering.add(add(key), 1);
      await gathering.settle();
    }
    const first = sliceAt(clock.atMs, usualTimes) - 1;
    expect(slicesOf(sent)).toEqual([
      ["a", first],
      ["back", first],
      ["b", first],
      ["on", first + 1],
    ]);
  });

  it("may have an older slice than a batch that Redis refused because the clock was ahead", async () => {
    const { clock, sent, gathering } = openGathering(
      accepted,
      unavailable("timeout"),
      answered("early"),
    );
    for (const [key, seconds] of Object.entries({ a: 0, ahead: 3_600, back: -3_610 })) {
      clock.advance(seconds);
      const sending = gathering.addAndWait(add(key), 1);
      await vi.advanceTimersByTimeAsync(20_000);
      await sending;
    }
    const first = sliceAt(clock.atMs, usualTimes) + 1;
    expect(slicesOf(sent)).toEqual([
      ["a", first],
      ["ahead", first + 360],
      ["ahead", first + 360],
      ["back", first],
    ]);
  });
});

describe("a batch that Redis refuses for its slice", () => {
  const atMs = new FakeClock().atMs;
  const first = sliceAt(atMs, usualTimes);
  const slicesOf = (sent: readonly Batch<Add>[]) =>
    sent.map(({ id, slice }) => [id, slice - first]);

  it.each([
    { kind: "late", seconds: 3_600 },
    { kind: "late", seconds: 60 },
    { kind: "early", seconds: -60 },
    { kind: "early", seconds: -3_600 },
  ] as const)(
    "as $kind gets a slice by the set's time, $seconds s away, as later batches do",
    async (row) => {
      const refused = answered(row.kind, atMs + row.seconds * 1_000);
      const { sent, told, gathering } = openGathering(refused);
      for (const key of ["a", "b"]) {
        gathering.add(add(key), bytes);
        await gathering.settle();
      }
      const away = row.seconds / 10;
      expect(slicesOf(sent)).toEqual([["id1", 0], ["id1", away], ["id2", away]]); // prettier-ignore
      expect(told.map(([kind]) => kind)).toEqual(["accepted", "accepted"]);
    },
  );

  it("is lost if Redis refuses the second slice, too", async () => {
    const answers = [3_600_000, 7_200_000].map((ms) => answered("late", atMs + ms));
    const { sent, told, gathering } = openGathering(...answers);
    gathering.add(add("a"), bytes);
    await gathering.settle();
    expect(slicesOf(sent)).toEqual([["id1", 0], ["id1", 360]]); // prettier-ignore
    expect(told).toEqual([["refused", "late", 1]]);
  });

  it("keeps its slice if an earlier attempt is in doubt", async () => {
    const late = answered("late", atMs + 3_600_000);
    const { sent, told, gathering, pass } = openGathering(unavailable("timeout"), late);
    gathering.add(add("a"), bytes);
    await pass(3);
    expect(slicesOf(sent)).toEqual([["id1", 0], ["id1", 0]]); // prettier-ignore
    expect(told).toEqual([["in-doubt", "late", 1]]);
  });

  it("keeps its slice if another attempt was accepted meanwhile", async () => {
    const one = Promise.withResolvers<typeof accepted>();
    const other = Promise.withResolvers<typeof accepted>();
    const { sent, told, gathering, pass } = openGathering(one.promise, other.promise);
    gathering.add(add("a"), bytes);
    await pass(1);
    const settled = gathering.settle();
    await pass(11);
    one.resolve(accepted);
    await pass(1);
    other.resolve(answered("late", atMs + 3_600_000));
    await settled;
    expect(slicesOf(sent)).toEqual([["id1", 0], ["id1", 0]]); // prettier-ignore
    expect(told).toEqual([["accepted", "", 1]]);
  });

  it("keeps its slice if a later batch has one", async () => {
    const late = answered("late", atMs + 3_600_000);
    const { sent, told, gathering, state } = openGathering(late, late);
    state.isCutOff = true;
    for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`full${call}`), 1);
    for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`more${call}`), 1);
    state.isCutOff = false;
    await Promise.all([gathering.settle(), vi.advanceTimersByTimeAsync(20_000)]);
    expect(slicesOf(sent)).toEqual([["id1", 0], ["id2", 0], ["id2", 360]]); // prettier-ignore
    expect(told.map(([kind, cause]) => [kind, cause])).toEqual([["refused", "late"], ["accepted", ""]]); // prettier-ignore
  });
});

describe("the batch of an ended request", () => {
  it("accepts no more changes if it is full", async () => {
    const { sent, gathering, state, pass } = openGathering();
    state.isCutOff = true;
    for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`a${call}`), 1);
    state.isCutOff = false;
    gathering.add(add("z"), 1);
    await pass(1);
    expect(sent).toMatchObject([{ changes: [add("z")] }]);
  });

  it("is sent by the request of a later change", async () => {
    const { gathering, sent, told, state, pass } = openGathering();
    state.isCutOff = true;
    gathering.add(add("a"), bytes);
    await pass(9);
    state.isCutOff = false;
    gathering.add(add("b"), bytes);
    await pass(1);
    expect(sent).toEqual([]);
    await pass(1);
    gathering.add(add("c"), bytes);
    expect(sent).toMatchObject([{ changes: [add("a"), add("b")] }]);
    await pass(1);
    expect(sent[1]).toMatchObject({ changes: [add("c")] });
    expect(told.map(([kind, , calls]) => [kind, calls])).toEqual([
      ["accepted", 2],
      ["accepted", 1],
    ]);
  });
});

it.each([
  { kind: adds, of: "adds", hours: 1 },
  { kind: { ...adds, slicedAt: puts.slicedAt }, of: "puts", hours: 0 },
])(
  "$of that are sent an hour after their request ended get a slice $hours h later",
  async (row) => {
    const { clock, sent, state, gathering } = openGatheringOf(row.kind);
    const first = sliceAt(clock.atMs, usualTimes);
    state.isCutOff = true;
    gathering.add(add("a"), bytes);
    state.isCutOff = false;
    clock.advance(3_600);
    gathering.add(add("b"), bytes);
    await gathering.settle();
    expect(sent.map(({ slice }) => slice)).toEqual([first + row.hours * 360, first + 360]);
  },
);
