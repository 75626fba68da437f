// Tests how an isolate gathers changes into batches for Redis. A batch without an answer is sent
// again with the same id and slice, possibly by another request, and finally abandoned.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { batchKeysMax, type Outcome } from "../../src/write-behind/change-batch.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { add, answered, bytes, openGathering, unavailable } from "./gathering-world.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const acceptedCalls = (count: number) => ["accepted", "", count];
const silence = (count: number) => Array(count).fill(unavailable("timeout"));

describe("gathered changes", () => {
  it("are sent after a second as one batch with one change per key, in the slice of that time", async () => {
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
    expect([told, state.backlogs]).toEqual([[acceptedCalls(5)], 1]);
    gathering.add(add("a"), bytes);
    await pass(1);
    expect(sent[1]).toMatchObject({ id: "id2", changes: [add("a")] });
  });

  it.each([
    { calls: batchKeysMax, size: 1 },
    { calls: 8, size: 32_768 },
  ])("are sent at once when there are $calls keys of $size bytes", async ({ calls, size }) => {
    const { sent, gathering, told, pass } = openGathering();
    for (let call = 1; call < calls; call += 1) gathering.add(add(`a${call}`), size);
    expect(sent).toEqual([]);
    gathering.add(add("last"), size);
    gathering.add(add("z"), size);
    expect(sent.map(({ changes }) => changes.length)).toEqual([calls]);
    await pass(2);
    expect(sent).toHaveLength(2);
    expect(told).toEqual([acceptedCalls(calls), acceptedCalls(1)]);
  });

  it("count as one change per key, with the bytes of the key's newest change", async () => {
    const { sent, gathering, told, pass } = openGathering();
    for (let call = 0; call < 50_000; call += 1) gathering.add(add("a"), 262_143);
    expect(sent).toEqual([]);
    await pass(1);
    expect(sent).toMatchObject([{ changes: [add("a", 50_000)] }]);
    expect(told).toEqual([acceptedCalls(50_000)]);
    for (const size of [262_143, 5, 262_138]) gathering.add(add("a"), size);
    gathering.add(add("b"), 5);
    expect(sent).toHaveLength(1);
    gathering.add(add("c"), 1);
    expect(sent).toHaveLength(2);
  });

  it("are sent at once by `settle`", async () => {
    const { sent, gathering, told, pass } = openGathering();
    gathering.add(add("a"), bytes);
    await gathering.settle();
    expect(told).toEqual([acceptedCalls(1)]);
    await pass(20);
    expect(sent).toHaveLength(1);
  });
});

describe("an unanswered batch", () => {
  it("is sent again with its id and slice, and counted once", async () => {
    const { sent, gathering, told, pass } = openGathering(...silence(2));
    gathering.add(add("a"), bytes);
    await pass(15);
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map((batch) => JSON.stringify(batch))).size).toBe(1);
    expect(told).toEqual([acceptedCalls(1)]);
  });

  it.each([
    { cause: "timeout", kind: "in-doubt" },
    { cause: "breaker-open", kind: "refused" },
    { cause: "full", kind: "refused" },
  ] as const)("is $kind after 20 s of $cause", async ({ cause, kind }) => {
    const { sent, gathering, told, pass } = openGathering(...Array(9).fill(unavailable(cause)));
    gathering.add(add("a"), bytes);
    await pass(21);
    expect(told).toEqual([[kind, "unanswered", 1]]);
    await pass(60);
    expect(sent).toHaveLength(5);
  });

  it("is not sent later than 20 s after its first attempt, however long each attempt takes", async () => {
    const { clock, sent, gathering, told, pass } = openGathering(...silence(9));
    gathering.add(add("a"), bytes);
    await pass(1);
    clock.advance(18);
    await pass(9);
    expect(sent).toHaveLength(2);
    expect(told).toEqual([["in-doubt", "unanswered", 1]]);
  });

  it("is sent by only one request at the usual intervals if it is full", async () => {
    const { sent, gathering, pass } = openGathering(...silence(3));
    for (let call = 0; call < batchKeysMax; call += 1) gathering.add(add(`a${call}`), 1);
    await pass(6);
    expect(sent).toHaveLength(3);
  });
});

describe("an isolate without a first connection to Redis", () => {
  const unreachable = () => Array(3).fill(unavailable("unreachable"));

  it("refuses a durable change after the first attempt, and the next durable change at once", async () => {
    const { sent, gathering, told, state, pass } = openGathering(...unreachable());
    const waiting = gathering.addAndWait(add("a"), bytes);
    state.hasNeverConnected = true;
    await pass(1);
    expect(await waiting).toEqual({ kind: "refused", cause: "unanswered" });
    expect(await gathering.addAndWait(add("a"), bytes)).toEqual(await waiting);
    await pass(30);
    expect(sent).toHaveLength(1);
    const refused = ["refused", "unanswered", 1];
    expect(told).toEqual([refused, refused]);
  });

  it("waits in `settle` for one attempt, and sends the changes again later", async () => {
    const { sent, gathering, told, state, pass } = openGathering(...unreachable());
    gathering.add(add("a"), bytes);
    state.hasNeverConnected = true;
    await gathering.settle();
    await gathering.settle();
    expect([sent.length, told]).toEqual([1, []]);
    state.hasNeverConnected = false;
    await pass(10);
    expect(told).toEqual([acceptedCalls(1)]);
  });
});

describe("a refusal", () => {
  it.each(["late", "early", "full"] as const)("is final if Redis answers %s", async (kind) => {
    const { sent, gathering, told, pass } = openGathering(answered(kind));
    gathering.add(add("a"), bytes);
    const waiting = gathering.addAndWait(add("a"), bytes);
    await pass(30);
    expect(await waiting).toEqual({ kind: "refused", cause: kind });
    expect(sent).toHaveLength(1);
    expect(told).toEqual([["refused", kind, 2]]);
  });

  it.each(["late", "full"] as const)(
    "leaves the batch in doubt if Redis answers %s after an unanswered attempt",
    async (kind) => {
      const { gathering, told, pass } = openGathering(unavailable("timeout"), answered(kind));
      gathering.add(add("a"), bytes);
      await pass(30);
      expect(told).toEqual([["in-doubt", kind, 1]]);
    },
  );

  const noRoom = ["refused", "no-room", 1];

  it("is immediate while 10,000 changes wait in the isolate", async () => {
    const { gathering, told, pass } = openGathering(...silence(50));
    for (let call = 0; call < 9_999; call += 1) gathering.add(add(`a${call}`), 1);
    gathering.add(add("open"), 1);
    expect(told).toEqual([]);
    gathering.add(add("a"), 1);
    expect(await gathering.addAndWait(add("a"), 1)).toEqual({ kind: "refused", cause: "no-room" });
    expect(told).toEqual([noRoom, noRoom]);
    await pass(30);
    expect(told).toHaveLength(12);
    gathering.add(add("a"), 1);
    expect(told).toHaveLength(12);
  });

  it("is immediate while 8 MiB wait in the isolate", async () => {
    const { gathering, told, pass } = openGathering(
      ...Array(500).fill(unavailable("breaker-open")),
    );
    for (let call = 0; call < 256; call += 1) gathering.add(add(`k${call}`), 32_768);
    expect(told).toEqual([]);
    gathering.add(add("a"), 1);
    expect(told).toEqual([noRoom]);
    await pass(30);
    expect(told.map(([, cause]) => cause)).not.toContain("late");
    const toldBefore = told.length;
    gathering.add(add("a"), 1);
    expect(told).toHaveLength(toldBefore);
  });
});

describe("a waiting caller", () => {
  const accepted = { kind: "accepted" };

  it("gets the outcome once Redis accepts the batch, not earlier", async () => {
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

  it("does not send a batch while another request is sending that batch", async () => {
    const { gathering, sent, pass } = openGathering(...silence(4));
    const waiting = [gathering.addAndWait(add("a"), bytes), gathering.addAndWait(add("b"), bytes)];
    await pass(11);
    expect(sent).toHaveLength(4);
    await pass(1);
    expect(await Promise.all(waiting)).toMatchObject([accepted, accepted]);
    expect(sent).toHaveLength(5);
  });

  it("adds its change once a settled batch makes room", async () => {
    const { gathering, told, pass } = openGathering();
    const adding = Array.from({ length: 25_000 }, (_, call) => {
      const change = add(`a${call}`);
      return gathering.withRoom(change.key, () => gathering.add(change, 1));
    });
    expect(told).toEqual([]);
    await pass(4);
    await Promise.all(adding);
    expect(told).toEqual(Array(25).fill(acceptedCalls(1_000)));
  });

  it("sends the batch of an ended request once", async () => {
    const { gathering, sent, state, pass } = openGathering();
    state.isCutOff = true;
    gathering.add(add("a"), bytes);
    const waiting = [gathering.addAndWait(add("b"), bytes), gathering.addAndWait(add("c"), bytes)];
    await pass(9);
    expect(sent).toEqual([]);
    await pass(2);
    expect(await Promise.all(waiting)).toMatchObject([accepted, accepted]);
    expect(sent).toMatchObject([{ changes: [add("a"), add("b"), add("c")] }]);
  });
});
