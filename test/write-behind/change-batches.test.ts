// Changes of an isolate on their way into a slice: gathered, sent again with the same id and slice, taken
// up by another request, given up; and what is said of each call.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { batchKeysMax, type Outcome } from "../../src/write-behind/change-batch.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { add, answered, bytes, openGathering, unavailable } from "./gathering-world.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

describe("what is gathered", () => {
  it("in a second goes as one batch, one change for each key, of the slice of its sending", async () => {
    const { clock, sent, told, state, gathering, pass } = openGathering();
    clock.advance(9.5);
    gathering.add(add("a", 2), bytes);
    gathering.add(add("b"), bytes);
    gathering.add({ key: "b", by: 0, isReset: true }, bytes);
    gathering.add(add("a", 3), bytes);
    gathering.add(add("b", 4), bytes);
    await vi.advanceTimersByTimeAsync(999);
    expect(sent).toEqual([]);
    clock.advance(1);
    await vi.advanceTimersByTimeAsync(1);
    const changes = [add("a", 5), { key: "b", by: 4, isReset: true }];
    expect(sent).toEqual([{ id: "id1", slice: sliceAt(clock.atMs, usualTimes), changes }]);
    expect(told).toEqual([["accepted", "", 5]]);
    expect(state.backlogs).toBe(1);
    gathering.add(add("a"), bytes);
    await pass(1);
    expect(sent[1]).toMatchObject({ id: "id2", changes: [add("a")] });
  });

  it.each([
    { id: "1,000 keys", calls: batchKeysMax, size: 1 },
    { id: "256 KiB", calls: 8, size: 32_768 },
  ])(
    "is sent at once with $id, and the next call begins another batch",
    async ({ calls, size }) => {
      const { sent, gathering, told, pass } = openGathering();
      for (let call = 1; call < calls; call += 1) gathering.add(add(`a${call}`), size);
      expect(sent).toEqual([]);
      gathering.add(add("last"), size);
      gathering.add(add("z"), size);
      expect(sent.map(({ changes }) => changes.length)).toEqual([calls]);
      await pass(2);
      expect(sent).toHaveLength(2);
      expect(told).toEqual([
        ["accepted", "", calls],
        ["accepted", "", 1],
      ]);
    },
  );

  it("counts changes, not calls: one key takes the room of one change", async () => {
    const { sent, gathering, told, pass } = openGathering();
    for (let call = 0; call < 50_000; call += 1) gathering.add(add("a"), 1_000);
    expect(sent).toEqual([]);
    await pass(1);
    expect(sent).toMatchObject([{ changes: [add("a", 50_000)] }]);
    expect(told).toEqual([["accepted", "", 50_000]]);
  });

  it("counts the bytes of the newest put of a key", () => {
    const { sent, gathering } = openGathering();
    for (const size of [262_143, 5, 262_138]) gathering.add(add("a"), size);
    gathering.add(add("b"), 5);
    expect(sent).toEqual([]);
    gathering.add(add("c"), 1);
    expect(sent).toHaveLength(1);
  });

  it("is sent at once by settle", async () => {
    const { sent, gathering, told, pass } = openGathering();
    gathering.add(add("a"), bytes);
    await gathering.settle();
    expect(told).toEqual([["accepted", "", 1]]);
    await pass(20);
    expect(sent).toHaveLength(1);
  });
});

describe("a batch without an answer", () => {
  it("is sent again as it was, with its id and its slice, and counted once", async () => {
    const { sent, gathering, told, pass } = openGathering(
      unavailable("timeout"),
      unavailable("timeout"),
    );
    gathering.add(add("a"), bytes);
    await pass(15);
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((batch) => JSON.stringify(batch))).size).toBe(1);
    expect(told).toEqual([["accepted", "", 1]]);
  });

  it.each([
    { cause: "timeout", kind: "in-doubt" },
    { cause: "shut-off", kind: "refused" },
    { cause: "full", kind: "refused" },
  ] as const)("is given up after 20 s: by $cause it is $kind", async ({ cause, kind }) => {
    const { sent, gathering, told, pass } = openGathering(...Array(9).fill(unavailable(cause)));
    gathering.add(add("a"), bytes);
    await pass(21);
    expect(told).toEqual([[kind, "unanswered", 1]]);
    await pass(60);
    expect(sent).toHaveLength(5);
  });

  it("is tried no more than 20 s after its first try, however long each try takes", async () => {
    const { clock, sent, gathering, told, pass } = openGathering(
      ...Array(9).fill(unavailable("timeout")),
    );
    gathering.add(add("a"), bytes);
    await pass(1);
    clock.advance(18);
    await pass(9);
    expect(sent).toHaveLength(2);
    expect(told).toEqual([["in-doubt", "unanswered", 1]]);
  });
});

describe("a database that has never been reached", () => {
  const unreachable = () => Array(3).fill(unavailable("unreachable"));

  it("refuses a durable change after the first attempt, and the next one at once", async () => {
    const { sent, gathering, told, state, pass } = openGathering(...unreachable());
    const waiting = gathering.addAndWait(add("a"), bytes);
    state.hasNeverConnected = true;
    await pass(1);
    expect(await waiting).toEqual({ kind: "refused", cause: "unanswered" });
    expect(await gathering.addAndWait(add("a"), bytes)).toEqual(await waiting);
    await pass(30);
    expect(sent).toHaveLength(1);
    expect(told).toEqual([
      ["refused", "unanswered", 1],
      ["refused", "unanswered", 1],
    ]);
  });

  it("delays settle by one attempt; the changes are still sent again", async () => {
    const { sent, gathering, told, state, pass } = openGathering(...unreachable());
    gathering.add(add("a"), bytes);
    state.hasNeverConnected = true;
    await gathering.settle();
    await gathering.settle();
    expect([sent.length, told]).toEqual([1, []]);
    state.hasNeverConnected = false;
    await pass(10);
    expect(told).toEqual([["accepted", "", 1]]);
  });
});

describe("a refusal", () => {
  it.each(["late", "early", "full"] as const)(
    "%s is final, and nothing of it counts",
    async (kind) => {
      const { sent, gathering, told, pass } = openGathering(answered(kind));
      gathering.add(add("a"), bytes);
      gathering.add(add("a"), bytes);
      await pass(30);
      expect(sent).toHaveLength(1);
      expect(told).toEqual([["refused", kind, 2]]);
    },
  );

  it.each(["late", "full"] as const)(
    "%s after a try without an answer is in doubt",
    async (kind) => {
      const { gathering, told, pass } = openGathering(unavailable("timeout"), answered(kind));
      gathering.add(add("a"), bytes);
      await pass(30);
      expect(told).toEqual([["in-doubt", kind, 1]]);
    },
  );

  it("comes at once where 10,000 changes wait in the isolate, except for their keys", async () => {
    const silent = Array(50).fill(unavailable("timeout"));
    const { gathering, told, pass } = openGathering(...silent);
    for (let call = 0; call < 9_999; call += 1) gathering.add(add(`a${call}`), 1);
    gathering.add(add("open"), 1);
    expect(told).toEqual([]);
    gathering.add(add("a"), 1);
    expect(await gathering.addAndWait(add("a"), 1)).toEqual({ kind: "refused", cause: "no-room" });
    expect(told).toEqual([
      ["refused", "no-room", 1],
      ["refused", "no-room", 1],
    ]);
    await pass(30);
    expect(told).toHaveLength(12);
    gathering.add(add("a"), 1);
    expect(told).toHaveLength(12);
  });
});

it("a call has no room where 8 MiB wait in the isolate, and has room once they are settled", async () => {
  const { gathering, told, pass } = openGathering(...Array(500).fill(unavailable("shut-off")));
  for (let call = 0; call < 256; call += 1) gathering.add(add(`k${call}`), 32_768);
  expect(told).toEqual([]);
  gathering.add(add("a"), 1);
  expect(told).toEqual([["refused", "no-room", 1]]);
  await pass(30);
  expect(told.map(([, cause]) => cause)).not.toContain("late");
  const toldBefore = told.length;
  gathering.add(add("a"), 1);
  expect(told).toHaveLength(toldBefore);
});

describe("who waits", () => {
  it("hears of the acceptance and not before, together with all of the batch", async () => {
    const { gathering, sent, pass } = openGathering(unavailable("timeout"));
    gathering.add(add("a"), bytes);
    const outcomes: Outcome["kind"][] = [];
    const wait = async () => void outcomes.push((await gathering.addAndWait(add("a"), bytes)).kind);
    const waiting = [wait(), wait()];
    await pass(1);
    expect([sent.length, outcomes]).toEqual([1, []]);
    await pass(1);
    await Promise.all(waiting);
    expect([sent.length, outcomes]).toEqual([2, ["accepted", "accepted"]]);
  });

  it("leaves a batch to the request that sends it, for as long as that gives signs of life", async () => {
    const { gathering, sent, pass } = openGathering(...Array(4).fill(unavailable("timeout")));
    const waiting = [gathering.addAndWait(add("a"), bytes), gathering.addAndWait(add("b"), bytes)];
    await pass(11);
    expect(sent).toHaveLength(4);
    await pass(1);
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(["accepted", "accepted"]);
    expect(sent).toHaveLength(5);
  });

  it("for room gets it as soon as a batch is settled, and loses nothing", async () => {
    const { gathering, told, pass } = openGathering();
    const adding = Array.from({ length: 25_000 }, (_, call) => {
      const change = add(`a${call}`);
      return gathering.withRoom(change.key, () => gathering.add(change, 1));
    });
    expect(told).toEqual([]);
    await pass(4);
    await Promise.all(adding);
    expect(told).toEqual(Array.from({ length: 25 }, () => ["accepted", "", 1_000]));
  });

  it("hears of a refusal", async () => {
    const { gathering, pass } = openGathering(answered("late"));
    const waiting = gathering.addAndWait(add("a"), bytes);
    await pass(1);
    expect(await waiting).toEqual({ kind: "refused", cause: "late" });
  });

  it("sends the batch of a request that has ended without a word, once", async () => {
    const { gathering, sent, state, pass } = openGathering();
    state.isCutOff = true;
    gathering.add(add("a"), bytes);
    const waiting = [gathering.addAndWait(add("b"), bytes), gathering.addAndWait(add("c"), bytes)];
    await pass(9);
    expect(sent).toEqual([]);
    await pass(2);
    expect((await Promise.all(waiting)).map(({ kind }) => kind)).toEqual(["accepted", "accepted"]);
    expect(sent).toMatchObject([{ changes: [add("a"), add("b"), add("c")] }]);
  });
});

it("a full batch is sent by one request, which tries again at its own pace", async () => {
  const { sent, gathering, pass } = openGathering(...Array(3).fill(unavailable("timeout")));
  for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`a${call}`), 1);
  await pass(6);
  expect(sent).toHaveLength(3);
});

it("a full batch whose request has ended takes no more changes", async () => {
  const { sent, gathering, state, pass } = openGathering();
  state.isCutOff = true;
  for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`a${call}`), 1);
  state.isCutOff = false;
  gathering.add(add("z"), 1);
  await pass(1);
  expect(sent).toMatchObject([{ changes: [add("z")] }]);
});

it("a later change takes up the batch of a request that has ended without a word", async () => {
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
  expect(told).toEqual([
    ["accepted", "", 2],
    ["accepted", "", 1],
  ]);
});
