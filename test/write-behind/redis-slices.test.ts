// Tests slices on real servers: accepted and refused batches, the content of a slice, and the time
// after which a slice can be flushed.
import type { RemoteAnswer } from "../../src/remote/remote-client.ts";
import { describe, expect, it } from "vitest";
import type { SequencedPut } from "../../src/write-behind/change-kind.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import type { Acceptance } from "../../src/write-behind/change-slices.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const { sliceMs, restMs } = usualTimes;
const add = (key: string, by: number, isReset = false): Add => ({ key, by, isReset });
const put = (key: string, value: string | null, sequence: number): SequencedPut => ({
  key,
  value,
  sequence,
});

let batches = 0;
const batch = <Change>(slice: number, ...changes: Change[]) => ({
  id: `b${(batches += 1)}`,
  slice,
  changes,
});

/** Returns the value of an answer. */
async function of<T>(call: Promise<RemoteAnswer<T>>): Promise<T> {
  const answer = await call;
  if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
  return answer.value;
}

const kindOf = async (call: Promise<RemoteAnswer<Acceptance>>) => (await of(call)).kind;

describe.each(redisServers)("slices in $redis with a clock that the test sets", ({ start }) => {
  const world = openSlicesWorld({ start });
  const { now } = world;
  /** Returns the changes of each slice, by key. */
  const readFrom = async (slices: ReturnType<typeof world.counters>, ...keys: string[]) =>
    (await of(slices.read(keys))).map((read) => Object.fromEntries(read.changes));

  it("accept a batch in one command, and count a repeated batch once", async () => {
    const slices = world.counters();
    const sent = batch(now(), add("a", 2), add("b", -1));
    const backlog = { keyCount: 2, oldestSlice: now() };
    const time = { atMs: expect.any(Number) as number, leadMs: 0 };
    for (let times = 0; times < 3; times += 1) {
      expect(await of(slices.accept(sent))).toEqual({ kind: "accepted", time, backlog });
    }
    expect(world.rest.counts().commandCountByName).toEqual({ EVAL: 3 });
    const changes = { a: add("a", 2), b: add("b", -1) };
    expect(await readFrom(slices, "a", "b", "c")).toEqual([changes]);
  });

  it.each([
    { afterMs: 20_000, kind: "accepted" },
    { afterMs: 20_001, kind: "late" },
    { afterMs: -10_000, kind: "accepted" },
    { afterMs: -10_001, kind: "early" },
  ])(
    "answer $kind to a batch $afterMs ms after the start of its slice",
    async ({ afterMs, kind }) => {
      const slice = now();
      await world.serverAt(slice * sliceMs + afterMs);
      expect(await kindOf(world.counters().accept(batch(slice, add("a", 1))))).toBe(kind);
      expect(await world.redis.exists(`${indexKey}:${slice}`)).toBe(kind === "accepted" ? 1 : 0);
    },
  );

  it("recognize an accepted batch that is sent again too late", async () => {
    const slices = world.counters();
    const sent = batch(now(), add("a", 1));
    await slices.accept(sent);
    await world.pass(60);
    expect(await kindOf(slices.accept(sent))).toBe("accepted");
    const counted = { keyCount: 1, changes: [add("a", 1)] };
    expect(await of(slices.changes(sent.slice, ["a"]))).toEqual(counted);
  });

  it("discard the adds of a key before its removal, and count later adds", async () => {
    const slices = world.counters();
    await slices.accept(batch(now(), add("a", 5)));
    await slices.accept(batch(now(), add("a", 2, true)));
    expect(await readFrom(slices, "a")).toEqual([{ a: add("a", 2, true) }]);
    await slices.accept(batch(now(), add("a", -3)));
    await slices.accept(batch(now(), add("a", 900_000_000_000_000)));
    expect(await readFrom(slices, "a")).toEqual([{ a: add("a", 899_999_999_999_999, true) }]);
  });

  it("keep the put with the higher sequence, in either order of arrival", async () => {
    const slices = world.buffers();
    await slices.accept(batch(now(), put("a", "new", 20), put("b", "old", 9)));
    await slices.accept(batch(now(), put("a", "old", 10), put("b", null, 10)));
    const [read] = await of(slices.read(["a", "b"]));
    const kept = { a: put("a", "new", 20), b: put("b", null, 10) };
    expect(Object.fromEntries(read?.changes ?? [])).toEqual(kept);
  });

  it("refuse new batches while the backlog is full, until a slice is dropped", async () => {
    const slices = world.counters({ backlogMax: 2 });
    const full = batch(now(), add("a", 1), add("b", 1));
    expect(await kindOf(slices.accept(full))).toBe("accepted");
    const more = batch(now(), add("c", 1));
    expect(await kindOf(slices.accept(more))).toBe("full");
    expect(await kindOf(slices.accept(full))).toBe("accepted");
    expect(await of(slices.drop(full.slice))).toEqual({ keyCount: 0, oldestSlice: undefined });
    expect(await kindOf(slices.accept(more))).toBe("accepted");
  });

  it("can be flushed once they have rested, the oldest first, with keys sorted by bytes", async () => {
    const slices = world.counters();
    const first = now();
    const keys = ["é", "a", "😀", "\u{fffd}", "Z", "10", "9"];
    await slices.accept(batch(first, ...keys.map((key) => add(key, 1))));
    await world.pass(10);
    await slices.accept(batch(first + 1, add("b", 1)));
    await world.serverAt((first + 1) * sliceMs + restMs - 1);
    expect(await of(slices.rested())).toBeUndefined();
    await world.serverAt((first + 1) * sliceMs + restMs);
    const inOrder = ["10", "9", "Z", "a", "é", "\u{fffd}", "😀"];
    expect(await of(slices.rested())).toEqual({ slice: first, keys: inOrder });
    expect(await of(slices.drop(first))).toEqual({ keyCount: 1, oldestSlice: first + 1 });
    expect(await of(slices.rested())).toBeUndefined();
    await world.pass(60);
    expect(await of(slices.rested())).toEqual({ slice: first + 1, keys: ["b"] });
  });

  it("can still be read and flushed if the index has lost them", async () => {
    const slices = world.counters();
    const slice = now();
    await slices.accept(batch(slice, add("a", 1)));
    await world.pass(10);
    await slices.accept(batch(slice + 1, add("a", 1)));
    await world.pass(60);
    await world.redis.zrem(indexKey, String(slice));
    const read = await of(slices.read(["a"]));
    expect(read.map((each) => each.slice)).toEqual([slice, slice + 1]);
    expect(await of(slices.rested())).toEqual({ slice, keys: ["a"] });
  });

  it("are removed from the index if their hash is gone", async () => {
    const slices = world.counters();
    await world.redis.zadd(indexKey, 7, "7");
    await slices.accept(batch(now(), add("a", 1)));
    await world.pass(60);
    expect(await of(slices.rested())).toMatchObject({ keys: ["a"] });
    expect(await world.redis.zscore(indexKey, "7")).toBeNull();
  });

  it("are read in chunks of limited size, with at least one key", async () => {
    const slices = world.buffers();
    const sizes = { a: 600_000, b: 300_000, c: 300_000 };
    const puts = Object.entries(sizes).map(([key, size]) => put(key, "x".repeat(size), 1));
    await slices.accept(batch(now(), ...puts));
    const chunkOf = async (...keys: string[]) => {
      const found = await of(slices.changes(now(), keys));
      return [found?.keyCount, found?.changes.map(({ key }) => key)];
    };
    expect(await chunkOf("a", "b", "c")).toEqual([1, ["a"]]);
    expect(await chunkOf("b", "c")).toEqual([1, ["b"]]);
    expect(await chunkOf("b", "gone")).toEqual([2, ["b"]]);
    expect(await of(slices.changes(now() - 1, ["a"]))).toBeUndefined();
  });

  it("leave only the clock, the set's time and the ids of batches after they are dropped", async () => {
    const slices = world.counters();
    await slices.accept(batch(now(), add("a", 1)));
    await slices.drop(now());
    const left = ["batches", "clock", "time"].map((name) => `${indexKey}:${name}`);
    const found = (await world.redis.keys("*")).filter((key) => key.startsWith(indexKey));
    expect(found.toSorted()).toEqual(left);
    expect(await world.redis.pttl(`${indexKey}:batches`)).toBeGreaterThan(100_000);
  });

  it("forget the id of a batch two minutes of the set's time after its acceptance", async () => {
    const slices = world.counters();
    const sent = batch(now(), add("a", 1));
    await slices.accept(sent);
    for (const { seconds, kind } of [
      { seconds: 120, kind: "accepted" },
      { seconds: 1, kind: "late" },
    ]) {
      await world.pass(seconds);
      await slices.accept(batch(now(), add("b", 1)));
      expect(await kindOf(slices.accept(sent))).toBe(kind);
    }
  });

  it("have a time that is ahead after the server's clock was set back, and nears it again", async () => {
    const slices = world.counters();
    const leadAfter = async (seconds: number) => {
      await world.pass(seconds);
      const answer = await of(slices.accept(batch(0, add("a", 1))));
      return "time" in answer ? answer.time.leadMs : undefined;
    };
    await slices.accept(batch(now(), add("a", 1)));
    expect(await leadAfter(-19.999)).toBe(0);
    expect(await leadAfter(-0.001)).toBe(20_000);
    expect(await leadAfter(80)).toBe(10_000);
    expect(await leadAfter(0)).toBe(10_000);
    expect(await leadAfter(80)).toBe(0);
  });

  it("get numbers after a mark that is ahead, in their order, unless the mark's slice waits", async () => {
    const slices = world.counters();
    const first = now();
    const waiting = async () => (await of(slices.read(["a"]))).map(({ slice }) => slice);
    for (const slice of [first, first + 1]) await slices.accept(batch(slice, add("a", 1)));
    const pass = async (slice: number) => of(slices.passMark({ slice, key: null }));
    expect(await pass(first - 3)).toBe(0);
    expect(await pass(first)).toBe(0);
    expect(await waiting()).toEqual([first, first + 1]);
    expect(await pass(first + 360)).toBe(2);
    expect(await waiting()).toEqual([first + 361, first + 362]);
    expect(await of(slices.rested())).toEqual({ slice: first + 361, keys: ["a"] });
    expect(await pass(first + 360)).toBe(0);
  });
});

describe.each(redisServers)("slices in $redis with the server's TIME", ({ start }) => {
  const world = openSlicesWorld({ start, isTimeForbidden: false });
  const sliceAgo = (ms: number) => sliceAt(Date.now() - ms, usualTimes);

  it.each([
    { agoMs: 0, kind: "accepted" },
    { agoMs: 60_000, kind: "late" },
    { agoMs: -60_000, kind: "early" },
  ])("answer $kind to a batch in the slice of $agoMs ms ago", async ({ agoMs, kind }) => {
    const slices = world.counters();
    expect(await kindOf(slices.accept(batch(sliceAgo(agoMs), add("a", 1))))).toBe(kind);
    expect(await of(slices.rested())).toBeUndefined();
    expect(await world.redis.exists(`${indexKey}:clock`)).toBe(0);
  });

  it("can be flushed once they have rested", async () => {
    const slices = world.counters({ times: { ...usualTimes, lateMs: 600_000 } });
    const slice = sliceAgo(120_000);
    await slices.accept(batch(slice, add("a", 1)));
    expect(await of(slices.rested())).toEqual({ slice, keys: ["a"] });
  });
});
