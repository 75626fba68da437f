// Tests slices on real servers after another program changed their keys, or Redis evicted them. A
// batch counts as a whole or not at all, and the set keeps working.
import { afterEach, describe, expect, it } from "vitest";
import type { SequencedPut } from "../../src/write-behind/change-kind.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const add = (key: string, by: number, isReset = false): Add => ({ key, by, isReset });
const put = (key: string, value: string): SequencedPut => ({ key, value, sequence: 7 });
const accepted = { kind: "answered", value: { kind: "accepted" } };
const isFull = { kind: "answered", value: { kind: "full" } };

describe.each(redisServers)("a damaged slice in $redis", ({ start }) => {
  const world = openSlicesWorld({ start });
  const batchOf = <Change>(id: string, ...changes: Change[]) => ({
    id,
    slice: world.now(),
    changes,
  });
  const sliceKey = () => `${indexKey}:${world.now()}`;

  it.each(["garbage", "9223372036854775807", "1.5", "17=of a buffer", "9".repeat(400), "r", ""])(
    "accepts a whole batch that adds to the foreign value %j",
    async (garbage) => {
      await world.redis.hset(sliceKey(), { b: garbage, c: garbage, d: "5" });
      const batch = batchOf("1", add("a", 1), add("b", 2), add("c", 3, true), add("d", 4));
      expect(await world.counters().accept(batch)).toMatchObject(accepted);
      const held = await world.redis.hgetall(sliceKey());
      const b = garbage.startsWith("9") ? held["b"] : "2";
      expect(held).toEqual({ a: "1", b, c: "r3", d: "9" });
    },
  );

  it.each(["garbage", "5", "=x"])(
    "accepts a whole batch that replaces the foreign value %j",
    async (garbage) => {
      await world.redis.hset(sliceKey(), { b: garbage });
      const batch = batchOf("1", put("a", "x"), put("b", "y"), put("c", "z"));
      expect(await world.buffers().accept(batch)).toMatchObject(accepted);
      expect(await world.redis.hgetall(sliceKey())).toEqual({ a: "7=x", b: "7=y", c: "7=z" });
    },
  );

  it.each([
    { id: "index", key: () => indexKey },
    { id: "slice", key: sliceKey },
    { id: "count", key: () => `${indexKey}:keys` },
    { id: "set's time", key: () => `${indexKey}:time` },
    { id: "ids", key: () => `${indexKey}:batches` },
  ])(
    "refuses a batch while the $id has another type, and accepts the whole batch afterwards",
    async ({ key }) => {
      await world.redis.rpush(key(), "foreign");
      const slices = world.counters();
      const batch = batchOf("1", add("a", 1), add("b", 2));
      expect(await slices.accept(batch)).toEqual({ kind: "unavailable", cause: "wrong-type" });
      await world.redis.del(key());
      expect(await world.redis.exists(sliceKey(), `${indexKey}:batches`)).toBe(0);
      expect(await slices.accept(batch)).toMatchObject(accepted);
      expect(await world.redis.hgetall(sliceKey())).toEqual({ a: "1", b: "2" });
    },
  );

  it.each(["garbage", "1.5"])(
    "accepts a batch even if the count of waiting keys is %j",
    async (count) => {
      await world.redis.set(`${indexKey}:keys`, count);
      const answer = await world.counters().accept(batchOf("1", add("a", 1)));
      expect(answer).toMatchObject(accepted);
      expect(await world.redis.get(`${indexKey}:keys`)).toMatch(/^[12]$/);
    },
  );

  it("no longer counts towards the backlog after its eviction", async () => {
    const slices = world.counters({ backlogMax: 1 });
    expect(await slices.accept(batchOf("1", add("a", 1), add("b", 1)))).toMatchObject(accepted);
    expect(await slices.accept(batchOf("2", add("a", 1)))).toMatchObject(isFull);
    await world.redis.del(sliceKey());
    await world.pass(60);
    expect(await slices.rested()).toEqual({ kind: "answered", value: undefined });
    expect(await slices.accept(batchOf("3", add("a", 1)))).toMatchObject(accepted);
    expect(await slices.accept(batchOf("4", add("a", 1)))).toMatchObject(isFull);
  });
});

describe.each(redisServers)("a slice in a full $redis", ({ start }) => {
  describe.each([true, false])("with TIME forbidden: %s", (isTimeForbidden) => {
    const world = openSlicesWorld({ start, isTimeForbidden });
    afterEach(() => world.redis.config("SET", "maxmemory", "0"));

    it("can be read and flushed, and accepts no more changes", async () => {
      const atMs = isTimeForbidden ? world.clock.atMs : Date.now();
      const slice = sliceAt(atMs, usualTimes) - 6;
      const slices = world.counters({ times: { ...usualTimes, lateMs: 600_000 } });
      const batchOf = (id: string) => ({ id, slice, changes: [add("a", 1)] });
      expect(await slices.accept(batchOf("1"))).toMatchObject(accepted);
      await world.redis.config("SET", "maxmemory", "1");
      expect(await slices.accept(batchOf("2"))).toEqual({ kind: "unavailable", cause: "full" });
      expect(await slices.read(["a"])).toMatchObject({ value: [{ slice }] });
      expect(await slices.rested()).toMatchObject({ value: { slice, keys: ["a"] } });
      expect(await slices.changes(slice, ["a"])).toMatchObject({ value: { keyCount: 1 } });
      expect(await slices.drop(slice)).toMatchObject({ value: { keyCount: 0 } });
    });
  });
});
