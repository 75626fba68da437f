// Tests the order and the chunks of a flush, over a real server. Failures, concurrent flushers and
// concurrent reads are tested in test/simulation/write-behind.
import { describe, expect, it } from "vitest";
import { adds } from "../../src/write-behind/change-kind.ts";
import { flush, type FlushPorts } from "../../src/write-behind/flush.ts";
import { readExactly } from "../../src/write-behind/change-set.ts";
import type { RedisSlices } from "../../src/write-behind/redis-slices.ts";
import type { Add } from "../../src/write-behind/sinks/sink.ts";
import { usualTimes } from "../../src/write-behind/slice-times.ts";
import { oneRedisServer } from "../../testing/fakes/redis-server.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const set = "set";
const plenty = () => ({ left: 100 });

/** 1,200 keys, in the order of their bytes. */
const manyKeys = Array.from({ length: 1_200 }, (_, nth) => `k${String(nth).padStart(4, "0")}`);

const marksOf = (sink: MemoryCounterSink) => sink.chunks.map(({ mark }) => mark.key);

describe.each(oneRedisServer)("a flush over $redis", ({ start }) => {
  const world = openSlicesWorld({ start });
  const { now } = world;

  let batches = 0;
  const accept = async (
    store: RedisSlices<Add>,
    by: Readonly<Record<string, number | "reset">>,
  ) => {
    const changes = Object.entries(by).map(([key, value]) => ({
      key,
      by: value === "reset" ? 0 : value,
      isReset: value === "reset",
    }));
    await store.accept({ id: `b${(batches += 1)}`, slice: now(), changes });
  };
  const opened = () => {
    const [store, sink] = [world.counters({ backlogMax: 10_000 }), new MemoryCounterSink()];
    const ports: FlushPorts<Add, number> = { set, store, sink };
    const read = async (...keys: string[]) => {
      const answer = await readExactly({ set, kind: adds, store, sink }, keys);
      if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
      return keys.map((key) => answer.value.get(key));
    };
    return {
      store,
      sink,
      ports,
      read,
      values: () => Object.fromEntries(sink.values.get(set) ?? []),
    };
  };

  it("applies and drops rested slices, the oldest first, and keeps later slices", async () => {
    const { store, sink, ports, values, read } = opened();
    for (const by of [{ a: 1, b: 5 }, { a: 2 }, { a: 4, b: "reset" as const }]) {
      await accept(store, by);
      await world.pass(10);
    }
    const first = now() - 3;
    await world.serverAt((first + 2) * usualTimes.sliceMs + usualTimes.restMs);
    expect(await flush(ports, plenty())).toMatchObject({
      end: { kind: "done" },
      sliceCount: 2,
      changeCount: 3,
    });
    expect(sink.chunks.map(({ slice }) => slice)).toEqual([first, first + 1]);
    expect(values()).toEqual({ a: 3, b: 5 });
    expect(await read("a", "b", "none")).toEqual([7, 0, undefined]);
    await world.pass(60);
    await flush(ports, plenty());
    expect(values()).toEqual({ a: 7, b: 0 });
    expect(await world.redis.keys(`${indexKey}:[0-9]*`)).toEqual([]);
  });

  it("sends a slice in chunks of 500 keys, sorted by bytes, each with a mark", async () => {
    const { store, sink, ports, values } = opened();
    await accept(store, Object.fromEntries(manyKeys.toReversed().map((key) => [key, 1])));
    await world.pass(60);
    await flush(ports, plenty());
    expect(sink.chunks.map(({ changes }) => changes.length)).toEqual([500, 500, 200]);
    expect(sink.chunks.flatMap(({ changes }) => changes.map(({ key }) => key))).toEqual(manyKeys);
    expect(marksOf(sink)).toEqual(["k0499", "k0999", null]);
    expect(Object.values(values())).toEqual(manyKeys.map(() => 1));
  });

  it("continues a slice at the mark after a run that reached its limit of chunks", async () => {
    const { store, sink, ports } = opened();
    await accept(store, Object.fromEntries(manyKeys.map((key) => [key, 1])));
    await world.pass(60);
    expect(await flush(ports, { left: 1 })).toMatchObject({
      end: { kind: "more" },
      sliceCount: 0,
      changeCount: 500,
    });
    expect(await flush(ports, { left: 2 })).toMatchObject({ sliceCount: 1, changeCount: 700 });
    expect(marksOf(sink)).toEqual(["k0499", "k0999", null]);
    expect(await flush(ports, { left: 0 })).toMatchObject({ end: { kind: "done" } });
  });

  it("sends no change of a slice that reappears after its drop, and drops the slice again", async () => {
    const { store, sink, ports, read, values } = opened();
    await accept(store, { a: 5 });
    const slice = now();
    await world.pass(10);
    await accept(store, { a: 1 });
    await world.pass(60);
    const kept = await world.redis.dumpBuffer(`${indexKey}:${slice}`);
    await flush(ports, plenty());
    await world.redis.restore(`${indexKey}:${slice}`, 0, kept);
    expect(await read("a")).toEqual([6]);
    const chunkCount = sink.chunks.length;
    expect(await flush(ports, plenty())).toMatchObject({ sliceCount: 1, changeCount: 0 });
    expect(sink.chunks).toHaveLength(chunkCount);
    expect(values()).toEqual({ a: 6 });
    expect(await world.redis.exists(`${indexKey}:${slice}`)).toBe(0);
  });
});
