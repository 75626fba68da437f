// Tests the results, refusals, counts and log lines of counters and buffers, over a real Redis
// server.
import { describe, expect, it } from "vitest";
import type { LogLine } from "../../src/observe/log-line.ts";
import { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { idle } from "../../testing/site/harness.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openCounter, openSets } from "./sets-world.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();
const durable = { durable: true } as const;

const openedCounter = (options = {}) => openCounter(world, options);
/** Lets the accepted changes rest, and flushes them. */
const restAndFlush = async (set: { flush(): Promise<unknown> }) => {
  await world.pass(60);
  return set.flush();
};

describe("a counter", () => {
  it("counts accepted adds, and writes them to the sink after 60 s", async () => {
    const { counter, values } = openedCounter();
    counter.add("a");
    counter.add(42, 5);
    counter.add("42", -2);
    expect(await counter.get("a")).toBe(0);
    expect(await counter.flush()).toEqual({ state: "done", changes: 0 });
    const entries: [string | number, number][] = [["a", 1], [42, 3], ["none", 0]]; // prettier-ignore
    expect(await counter.getMany(["a", 42, "none"])).toEqual(new Map(entries));
    expect(values()).toEqual({});
    expect(await restAndFlush(counter)).toEqual({ state: "done", changes: 2 });
    expect(values()).toEqual({ a: 1, 42: 3 });
    counter.add("a", 10);
    await counter.flush();
    expect(await counter.get("a")).toBe(11);
    expect(await counter.top(2)).toEqual([["42", 3], ["a", 1]]); // prettier-ignore
  });

  it("starts a key at 0 again after the key's removal", async () => {
    const { counter, values } = openedCounter();
    counter.add("a", 7);
    await counter.flush();
    await restAndFlush(counter);
    counter.add("a", 3);
    counter.remove("a");
    counter.add("a", 2);
    await counter.flush();
    expect(await counter.get("a")).toBe(2);
    await restAndFlush(counter);
    expect(values()).toEqual({ a: 2 });
    await Promise.all([counter.remove("a", durable), counter.flush()]);
    expect(await counter.get("a")).toBe(0);
  });

  it("reads more keys than one command can read", async () => {
    const { counter } = openedCounter({ backlogMax: 10_000 });
    const keys = Array.from({ length: 1_201 }, (_, nth) => nth);
    for (const key of keys) counter.add(key, key);
    await counter.flush();
    expect([...(await counter.getMany(keys)).values()]).toEqual(keys);
  });

  it.each([-1, 1.5, Number.NaN, 10_001])("refuses top(%d)", async (count) => {
    const { counter } = openedCounter();
    await expect(counter.top(count)).rejects.toThrow("whole number from 0 to 10000");
  });

  it.each([
    { id: "an empty key", key: "", says: "It is empty." },
    { id: "U+0000", key: "a\0", says: "U+0000" },
    { id: "a lone surrogate", key: "\ud800", says: "half a character" },
    { id: "a key of 513 bytes", key: `${"é".repeat(256)}a`, says: "longer than 512 bytes" },
    { id: "NaN", key: Number.NaN, says: "neither a string nor a number" },
  ])("refuses $id at once", ({ key, says }) => {
    const { counter } = openedCounter();
    expect(() => counter.add(key)).toThrow(says);
    expect(() => counter.remove(key)).toThrow(says);
    expect(() => counter.add("é".repeat(256))).not.toThrow();
  });

  it.each([0.5, Number.NaN, 1_000_000_001, -1_000_000_001])("refuses to add %s", (by) => {
    expect(() => openedCounter().counter.add("a", by)).toThrow("not a whole number from");
  });
});

describe("a durable change", () => {
  it("resolves once Redis has accepted it", async () => {
    const { counter } = openedCounter();
    let isAccepted = false;
    const adding = counter.add("a", 1, durable).then(() => (isAccepted = true));
    await idle();
    expect([isAccepted, await world.redis.exists(indexKey)]).toEqual([false, 0]);
    await counter.flush();
    await adding;
    expect(await counter.get("a")).toBe(1);
  });

  it("is refused at the limit of the backlog, and all refused changes are counted and logged once", async () => {
    const { behind, counter, messages } = openedCounter({ backlogMax: 1 });
    counter.add("a");
    await counter.flush();
    counter.add("b", 1);
    const [refused] = await Promise.allSettled([counter.add("b", 1, durable), counter.flush()]);
    expect(refused).toMatchObject({
      status: "rejected",
      reason: {
        name: "NotAccepted",
        isInDoubt: false,
        message:
          "A change of set was not accepted. Reason: the backlog of the set has reached `backlogMax`. It is not applied: retry later.",
      },
    });
    expect(behind.stats()["set"]).toMatchObject({
      accepted: 1,
      lost: 2,
      inDoubt: 0,
      refusals: { full: 2 },
      trouble: { kind: "full", isOver: false },
    });
    const told =
      "Write behind: Changes of set are lost or in doubt: the backlog of the set has reached `backlogMax`.";
    expect(messages()).toEqual([told]);
    await restAndFlush(counter);
    counter.add("b");
    await counter.flush();
    expect(behind.stats()["set"]).toMatchObject({ accepted: 2, trouble: { isOver: true } });
    expect(messages()).toEqual([told, expect.stringContaining("are accepted again after")]);
  });

  it("is refused as late if a put is sent a minute after its call", async () => {
    const { behind, log } = openSets(world);
    const buffer = behind.buffer<string>("set", { sink: new MemoryBufferSink() });
    const putting = buffer.put("b", "old", durable);
    await world.pass(60);
    const [refused] = await Promise.allSettled([putting, buffer.flush()]);
    const message = expect.stringContaining("reached Redis too late") as string;
    expect(refused).toMatchObject({ reason: { message } });
    expect(behind.stats()["set"]).toMatchObject({ lost: 1, refusals: { late: 1 } });
    const began = { event: "write-behind", set: "set", of: "changes", state: "began" };
    expect(log).toMatchObject([began]);
  });
});

describe("a buffer", () => {
  const opened = () => {
    const isolate = openSets(world);
    const sink = new MemoryBufferSink();
    const buffer = isolate.behind.buffer<{ name: string; seenAt: Date }>("set", { sink });
    return { ...isolate, sink, buffer };
  };
  const profile = (name: string) => ({ name, seenAt: new Date(7) });

  it("keeps the newest value of each key until its removal", async () => {
    const { buffer, sink } = opened();
    buffer.put("a", profile("old"));
    buffer.put("a", profile("new"));
    buffer.put("b", profile("b"));
    await buffer.flush();
    expect(await buffer.get("a")).toEqual(profile("new"));
    const found = Object.fromEntries(await buffer.getMany(["a", "b", "none"]));
    expect(found).toEqual({ a: profile("new"), b: profile("b") });
    expect(await restAndFlush(buffer)).toEqual({ state: "done", changes: 2 });
    expect(sink.values.get("set")?.size).toBe(2);
    await Promise.all([buffer.remove("a", durable), buffer.flush()]);
    expect(await buffer.get("a")).toBeUndefined();
    await restAndFlush(buffer);
    expect([...(sink.values.get("set")?.keys() ?? [])]).toEqual(["b"]);
  });

  it("keeps the later of two puts in one millisecond, even in two batches", async () => {
    const { buffer } = opened();
    buffer.put("a", profile("first"));
    const first = buffer.flush();
    buffer.put("a", profile("second"));
    await Promise.all([first, buffer.flush()]);
    expect(await buffer.get("a")).toEqual(profile("second"));
  });

  it("refuses values that its codec cannot encode, that are too large, or that contain U+0000", () => {
    const { behind, buffer } = opened();
    const functions = { name: "a", seenAt: (() => undefined) as never };
    expect(() => buffer.put("a", functions)).toThrow("set/a");
    expect(() => buffer.put("a", profile("x".repeat(33_000)))).toThrow("longer than 32768 bytes");
    const codec = { name: "plain", encode: (text: string) => text, decode: (text: string) => text };
    const plain = behind.buffer<string>("other", { sink: new MemoryBufferSink(), codec });
    expect(() => plain.put("a", "\0")).toThrow("U+0000");
  });
});

const log: LogLine[] = [];
it.each([
  { id: "Redis does not answer", open: () => openSets(world, { isAway: true }).behind },
  {
    id: "Redis is not configured",
    open: () => new WriteBehind(() => ({ ...world.portsInto(log), redis: undefined })),
  },
])("reads and flushes of a counter fail if $id", async ({ open }) => {
  const counter = open().counter("set", { sink: new MemoryCounterSink() });
  await expect(counter.get("a")).rejects.toThrow(
    /^The counter set cannot be read exactly\. .*\. (?:Try again|Pass stores: upstash\(\), and set UPSTASH_REDIS_REST_URL)/,
  );
  expect(await counter.flush()).toEqual({ state: "failed", changes: 0 });
});

const sink = new MemoryCounterSink();
it.each([
  { name: "a:b", options: { sink }, says: "Its name" },
  { name: "a", options: {}, says: "it needs apply, read, top" },
  { name: "a", options: { sink: new MemoryBufferSink() }, says: "top" },
  { name: "a", options: { sink, every: "1x" }, says: "every" },
  { name: "a", options: { sink, backlogMax: 0 }, says: "backlogMax" },
  { name: "a", options: { sink, evry: "1m" }, says: "evry" },
])("a counter with an invalid name or option is refused: $says", ({ name, options, says }) => {
  const { behind } = openedCounter();
  expect(() => behind.counter(name, options as { sink: MemoryCounterSink })).toThrow(says);
});
