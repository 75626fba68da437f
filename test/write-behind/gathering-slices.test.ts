// Which slice a batch gets, where requests end before it is sent and the clock of its isolate is set back.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adds, puts } from "../../src/write-behind/change-kind.ts";
import { batchKeysMax } from "../../src/write-behind/change-batch.ts";
import { ChangeBatches } from "../../src/write-behind/change-batches.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import type { Batch } from "../../src/write-behind/slice-store.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { accepted, add, answered, bytes, openGathering, unavailable } from "./gathering-world.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("no batch of an isolate has an older slice than an earlier one", () => {
  const slicesOf = (sent: readonly Batch<Add>[]) =>
    sent.map(({ slice, changes }) => [changes[0]?.key, slice]);

  it("if the earlier one was full, and its request has ended before it was sent", async () => {
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

  it("if the clock of the isolate is set back", async () => {
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

  it("unless Redis has refused that one, since the clock of the isolate was ahead", async () => {
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

it.each([
  { kind: adds, id: "adds are", hours: 1 },
  { kind: puts, id: "puts are not", hours: 0 },
])("$id of now when they are sent an hour after their request has ended", async (given) => {
  const clock = new FakeClock();
  const sent: Batch<{ key: string }>[] = [];
  const state = { isCutOff: true };
  const gathering = new ChangeBatches<{ key: string }>({
    store: { accept: async (batch) => (sent.push(batch), accepted) },
    hasNeverConnected: () => false,
    kind: { slicedAt: given.kind.slicedAt, joined: (_, later) => later },
    times: usualTimes,
    nowAtMs: clock.nowAtMs,
    randomText: () => "id",
    afterAnswer: (work) => void (state.isCutOff || work()),
    onOutcome: () => undefined,
    onBacklog: () => undefined,
  });
  const first = sliceAt(clock.atMs, usualTimes);
  gathering.add({ key: "a" }, bytes);
  state.isCutOff = false;
  clock.advance(3_600);
  gathering.add({ key: "b" }, bytes);
  await gathering.settle();
  expect(sent.map(({ slice }) => slice)).toEqual([first + given.hours * 360, first + 360]);
});
