// Slices over real servers: what is accepted and what is not, what a slice holds, when it is taken.
import { describe, expect, it } from "vitest";
import type { SequencedPut } from "../../src/write-behind/change-kind.ts";
import type { RedisAnswer } from "../../src/redis/redis-client.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import type { Acceptance } from "../../src/write-behind/slice-store.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

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

/** What an answered call came to. */
async function of<T>(call: Promise<RedisAnswer<T>>): Promise<T> {
  const answer = await call;
  if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
  return answer.value;
}

const kindOf = async (call: Promise<RedisAnswer<Acceptance>>) => (await of(call)).kind;

describe.each(redisServers)("over $redis, by a clock that the test moves", ({ start }) => {
  const world = openSlicesWorld({ start });
  const { now } = world;

  it("a batch is one command, and counts once however often it is sent", async () => {
    const slices = world.counters();
    const sent = batch(now(), add("a", 2), add("b", -1));
    const backlog = { keyCount: 2, oldestSlice: now() };
    for (const _ of [1, 2, 3]) {
      expect(await of(slices.accept(sent))).toEqual({ kind: "accepted", backlog });
    }
    expect(world.rest.counts().commandCountByName).toEqual({ EVAL: 3 });
    expect(await of(slices.read(["a", "b", "c"]))).toEqual([
      {
        slice: now(),
        changes: new Map([
          ["a", add("a", 2)],
          ["b", add("b", -1)],
        ]),
      },
    ]);
  });

  it.each([
    { id: "at its end and R", afterMs: 20_000, kind: "accepted" },
    { id: "past its end and R", afterMs: 20_001, kind: "late" },
    { id: "R before its beginning", afterMs: -10_000, kind: "accepted" },
    { id: "earlier than that", afterMs: -10_001, kind: "early" },
  ])("a batch $id is $kind", async ({ afterMs, kind }) => {
    const slices = world.counters();
    const slice = now();
    await world.serverAt(slice * usualTimes.sliceMs + afterMs);
    expect(await kindOf(slices.accept(batch(slice, add("a", 1))))).toBe(kind);
    expect(await world.redis.exists(`${indexKey}:${slice}`)).toBe(kind === "accepted" ? 1 : 0);
  });

  it("a batch that was accepted is known when it comes late", async () => {
    const slices = world.counters();
    const sent = batch(now(), add("a", 1));
    await slices.accept(sent);
    await world.pass(60);
    expect(await kindOf(slices.accept(sent))).toBe("accepted");
    expect(await of(slices.changes(sent.slice, ["a"]))).toEqual({
      keyCount: 1,
      changes: [add("a", 1)],
    });
  });

  it("a reset drops the adds before it, and those after it add to it", async () => {
    const slices = world.counters();
    const read = async () => (await of(slices.read(["a"])))[0]?.changes.get("a");
    await slices.accept(batch(now(), add("a", 5)));
    await slices.accept(batch(now(), add("a", 2, true)));
    expect(await read()).toEqual(add("a", 2, true));
    await slices.accept(batch(now(), add("a", -3)));
    await slices.accept(batch(now(), add("a", 900_000_000_000_000)));
    expect(await read()).toEqual(add("a", 899_999_999_999_999, true));
  });

  it("of two puts the one of the higher sequence stays, whichever comes first", async () => {
    const slices = world.buffers();
    await slices.accept(batch(now(), put("a", "new", 20), put("b", "old", 9)));
    await slices.accept(batch(now(), put("a", "old", 10), put("b", null, 10)));
    const [read] = await of(slices.read(["a", "b"]));
    expect(read?.changes).toEqual(
      new Map([
        ["a", put("a", "new", 20)],
        ["b", put("b", null, 10)],
      ]),
    );
  });

  it("refuses what comes once as many keys wait as may, and takes more after a drop", async () => {
    const slices = world.counters({ backlogMax: 2 });
    const full = batch(now(), add("a", 1), add("b", 1));
    expect(await kindOf(slices.accept(full))).toBe("accepted");
    const more = batch(now(), add("c", 1));
    expect(await kindOf(slices.accept(more))).toBe("full");
    expect(await kindOf(slices.accept(full))).toBe("accepted");
    expect(await of(slices.drop(full.slice))).toEqual({ keyCount: 0, oldestSlice: undefined });
    expect(await kindOf(slices.accept(more))).toBe("accepted");
  });

  it("a slice is taken once it has rested, the oldest first, its keys by their bytes", async () => {
    const slices = world.counters();
    const first = now();
    const keys = ["é", "a", "😀", "\u{fffd}", "Z", "10", "9"];
    await slices.accept(batch(first, ...keys.map((key) => add(key, 1))));
    await world.pass(10);
    await slices.accept(batch(first + 1, add("b", 1)));
    await world.serverAt((first + 1) * usualTimes.sliceMs + usualTimes.restMs - 1);
    expect(await of(slices.rested())).toBeUndefined();
    await world.serverAt((first + 1) * usualTimes.sliceMs + usualTimes.restMs);
    const inOrder = ["10", "9", "Z", "a", "é", "\u{fffd}", "😀"];
    expect(await of(slices.rested())).toEqual({ slice: first, keys: inOrder });
    expect(inOrder).toEqual(
      keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
    expect(await of(slices.drop(first))).toEqual({ keyCount: 1, oldestSlice: first + 1 });
    expect(await of(slices.rested())).toBeUndefined();
    await world.pass(60);
    expect(await of(slices.rested())).toEqual({ slice: first + 1, keys: ["b"] });
  });

  it("a slice that the index has lost is read and taken all the same", async () => {
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

  it("an index that names a slice without a hash passes it over", async () => {
    const slices = world.counters();
    await world.redis.zadd(indexKey, 7, "7");
    await slices.accept(batch(now(), add("a", 1)));
    await world.pass(60);
    expect(await of(slices.rested())).toMatchObject({ keys: ["a"] });
    expect(await world.redis.zscore(indexKey, "7")).toBeNull();
  });

  it("a chunk has room for as many bytes as may be, and for one key at the least", async () => {
    const slices = world.buffers();
    const sizes = { a: 600_000, b: 300_000, c: 300_000 };
    const large = Object.entries(sizes).map(([key, size]) => put(key, "x".repeat(size), 1));
    await slices.accept(batch(now(), ...large));
    const lengths = async (...keys: string[]) => {
      const found = await of(slices.changes(now(), keys));
      return [found?.keyCount, found?.changes.map(({ key }) => key)];
    };
    expect(await lengths("a", "b", "c")).toEqual([1, ["a"]]);
    expect(await lengths("b", "c")).toEqual([1, ["b"]]);
    expect(await lengths("b", "gone")).toEqual([2, ["b"]]);
    expect(await of(slices.changes(now() - 1, ["a"]))).toBeUndefined();
  });

  it("what is dropped leaves nothing but marks of batches, which expire, and the clock", async () => {
    const slices = world.counters();
    await slices.accept(batch(now(), add("a", 1)));
    await slices.drop(now());
    const keys = await world.redis.keys("*");
    const [batchKey, ...others] = keys.filter((key) => !key.endsWith(":clock"));
    expect(others).toEqual([]);
    expect(await world.redis.pttl(batchKey ?? "")).toBeGreaterThan(100_000);
  });
});

describe.each(redisServers)("over $redis, by TIME", ({ start }) => {
  const world = openSlicesWorld({ start, isTimeForbidden: false });
  const sliceAgo = (ms: number) => sliceAt(Date.now() - ms, usualTimes);

  it("a batch of now is accepted, one of a minute ago is late, one of in a minute early", async () => {
    const slices = world.counters();
    expect(await kindOf(slices.accept(batch(sliceAgo(0), add("a", 1))))).toBe("accepted");
    expect(await kindOf(slices.accept(batch(sliceAgo(60_000), add("a", 1))))).toBe("late");
    expect(await kindOf(slices.accept(batch(sliceAgo(-60_000), add("a", 1))))).toBe("early");
    expect(await of(slices.rested())).toBeUndefined();
    expect(await world.redis.exists(`${indexKey}:clock`)).toBe(0);
  });

  it("a slice that has rested is taken", async () => {
    const slices = world.counters({ times: { ...usualTimes, lateMs: 600_000 } });
    const slice = sliceAgo(120_000);
    await slices.accept(batch(slice, add("a", 1)));
    expect(await of(slices.rested())).toEqual({ slice, keys: ["a"] });
  });
});
