// Slices on their way to the sink, over real servers: in order, by chunks, exactly once, whoever breaks off
// where; and reads that are exact at every moment of that.
import { describe, expect, it } from "vitest";
import { adds, puts } from "../../src/write-behind/change-kind.ts";
import { flush, type FlushPorts } from "../../src/write-behind/flush.ts";
import { readExactly } from "../../src/write-behind/read-exactly.ts";
import type { RedisSlices } from "../../src/write-behind/redis-slices.ts";
import type { Add, Chunk } from "../../src/write-behind/sinks/sink.ts";
import { sliceAt, usualTimes } from "../../src/write-behind/slice-times.ts";
import { oneRedisServer } from "../../testing/fakes/redis-server.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const set = "set";
const plenty = () => ({ left: 100 });

/** 1,200 keys, in the order of their bytes. */
const manyKeys = Array.from({ length: 1_200 }, (_, nth) => `k${String(nth).padStart(4, "0")}`);

const marksOf = (sink: MemoryCounterSink) => sink.chunks.map(({ mark }) => mark.key);

describe.each(oneRedisServer)("over $redis", ({ start }) => {
  const world = openSlicesWorld(start);
  const now = () => sliceAt(world.clock.atMs, usualTimes);

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

  it("slices that have rested are applied, the oldest first, and dropped; later ones stay", async () => {
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

  it("a slice of many keys goes by chunks of 500, in the order of their bytes, with a mark for each", async () => {
    const { store, sink, ports, values } = opened();
    await accept(store, Object.fromEntries(manyKeys.toReversed().map((key) => [key, 1])));
    await world.pass(60);
    await flush(ports, plenty());
    expect(sink.chunks.map(({ changes }) => changes.length)).toEqual([500, 500, 200]);
    expect(sink.chunks.flatMap(({ changes }) => changes.map(({ key }) => key))).toEqual(manyKeys);
    expect(marksOf(sink)).toEqual(["k0499", "k0999", null]);
    expect(Object.values(values())).toEqual(manyKeys.map(() => 1));
  });

  it("a run that has no chunks left is continued by the next one, where the mark stands", async () => {
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

  it.each([
    { id: "fails", fate: "fails" },
    { id: "commits, and does not say so", fate: "silent" },
  ] as const)("where the sink $id, the chunk is sent again and counts once", async ({ fate }) => {
    const { store, sink, ports, read, values } = opened();
    await accept(store, Object.fromEntries(manyKeys.map((key) => [key, 2])));
    await world.pass(60);
    for (const fates of [[fate], ["works", fate]] as const) {
      sink.fates.push(...fates);
      const { end } = await flush(ports, plenty());
      expect(end.kind).toBe("sink-failed");
      sink.fates.length = 0;
      expect(await read("k0000", "k0700", "k1199")).toEqual([2, 2, 2]);
    }
    await flush(ports, plenty());
    expect(new Set(Object.values(values()))).toEqual(new Set([2]));
    expect(await read("k0000", "k0700", "k1199")).toEqual([2, 2, 2]);
  });

  it("a flusher that dies between two chunks, or before the drop, leaves nothing undone or done twice", async () => {
    const { store, sink, ports, read, values } = opened();
    await accept(store, Object.fromEntries(manyKeys.map((key) => [key, 3])));
    await world.pass(60);
    let calls = 0;
    const dying = (after: number): FlushPorts<Add, number> => ({
      ...ports,
      store: {
        rested: () => store.rested(),
        changes: (slice, keys) =>
          (calls += 1) > after ? Promise.reject(new Error("Gone.")) : store.changes(slice, keys),
        drop: () => Promise.reject(new Error("Gone.")),
        refused: () => Promise.reject(new Error("Gone.")),
      },
    });
    await expect(flush(dying(1), plenty())).rejects.toThrow("Gone.");
    expect(await read("k0000", "k1199")).toEqual([3, 3]);
    calls = 0;
    await expect(flush(dying(9), plenty())).rejects.toThrow("Gone.");
    expect(sink.marks.get(set)).toMatchObject({ key: null });
    expect(await read("k0000", "k1199")).toEqual([3, 3]);
    const chunkCount = sink.chunks.length;
    expect(await flush(ports, plenty())).toMatchObject({ sliceCount: 1, changeCount: 0 });
    expect(sink.chunks).toHaveLength(chunkCount);
    expect(new Set(Object.values(values()))).toEqual(new Set([3]));
  });

  it("two flushers at once are harmless, also one that has slept over the work of the other", async () => {
    const { store, sink, ports, values } = opened();
    await accept(store, Object.fromEntries(manyKeys.map((key) => [key, 1])));
    await world.pass(10);
    await accept(store, { k0000: 10 });
    await world.pass(60);
    const gate = Promise.withResolvers<void>();
    const sleeping: FlushPorts<Add, number> = {
      ...ports,
      sink: {
        read: (name, keys) => sink.read(name, keys),
        async apply(chunk: Chunk<Add>) {
          await gate.promise;
          return sink.apply(chunk);
        },
      },
    };
    const slow = flush(sleeping, plenty());
    const together = await Promise.all([flush(ports, plenty()), flush(ports, plenty())]);
    expect(together.map(({ end }) => end.kind)).toEqual(["done", "done"]);
    const before = values();
    expect(before).toMatchObject({ k0000: 11, k0001: 1, k1199: 1 });
    gate.resolve();
    expect((await slow).end.kind).toBe("done");
    expect(values()).toEqual(before);
    expect(sink.marks.get(set)).toMatchObject({ slice: now() - 6, key: null });
  });

  it("a slice that comes back after its drop is neither read nor applied, and goes again", async () => {
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

  it("a read whose slices are applied and dropped meanwhile is exact", async () => {
    const { store, sink, ports } = opened();
    await accept(store, { a: 5 });
    await world.pass(60);
    const meanwhile = {
      async read(name: string, keys: readonly string[]) {
        await flush(ports, plenty());
        return sink.read(name, keys);
      },
    };
    const answer = await readExactly({ set, kind: adds, store, sink: meanwhile }, ["a"]);
    expect(answer).toEqual({ kind: "answered", value: new Map([["a", 5]]) });
  });

  it("of a buffer the newest put stays, through slices and chunks, and a removal removes", async () => {
    const [store, sink] = [world.buffers(), new MemoryBufferSink()];
    const ports = { set, store, sink };
    const read = async () => {
      const answer = await readExactly({ set, kind: puts, store, sink }, ["a", "b"]);
      return answer.kind === "answered" ? Object.fromEntries(answer.value) : answer;
    };
    const put = (key: string, value: string | null, sequence: number) =>
      store.accept({ id: `p${sequence}`, slice: now(), changes: [{ key, value, sequence }] });
    await put("a", "1", 1);
    await put("b", "1", 2);
    await world.pass(10);
    await put("a", "2", 3);
    await put("b", null, 4);
    expect(await read()).toEqual({ a: "2" });
    await world.pass(60);
    await flush(ports, plenty());
    expect(await read()).toEqual({ a: "2" });
    expect(Object.fromEntries(sink.values.get(set) ?? [])).toEqual({ a: "2" });
    await put("a", null, 5);
    expect(await read()).toEqual({});
  });

  it("without Redis nothing is sent to the sink, and a read says that it is away", async () => {
    const { sink, store } = opened();
    await accept(store, { a: 5 });
    await world.pass(60);
    const away = world.counters({ isAway: true });
    const ports = { set, store: away, sink };
    expect((await flush(ports, plenty())).end).toEqual({
      kind: "unavailable",
      cause: "unreachable",
    });
    expect(await readExactly({ ...ports, kind: adds }, ["a"])).toMatchObject({
      kind: "unavailable",
    });
    expect([sink.chunks, sink.readCount]).toEqual([[], 0]);
  });
});
