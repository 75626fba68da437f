// Counters and buffers as an application uses them, over a real server: what each call does and refuses, and
// what an isolate tells of it.
import { describe, expect, it } from "vitest";
import type { LogLine } from "../../src/observe/log-line.ts";
import { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { idle } from "../../testing/site/harness.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openCounter, openSets } from "./sets-world.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();
const durable = { durable: true } as const;

const opened = (options = {}) => openSets(world, options);
const openedCounter = (options = {}) => openCounter(world, options);

describe("a counter", () => {
  it("counts adds once they are accepted, in the database once they have rested", async () => {
    const { counter, values } = openedCounter();
    counter.add("a");
    counter.add(42, 5);
    counter.add("42", -2);
    expect(await counter.get("a")).toBe(0);
    expect(await counter.flush()).toEqual({ state: "done", changes: 0 });
    expect(await counter.getMany(["a", 42, "none"])).toEqual(
      new Map<string | number, number>([
        ["a", 1],
        [42, 3],
        ["none", 0],
      ]),
    );
    expect(values()).toEqual({});
    await world.pass(60);
    expect(await counter.flush()).toEqual({ state: "done", changes: 2 });
    expect(values()).toEqual({ a: 1, 42: 3 });
    counter.add("a", 10);
    await counter.flush();
    expect(await counter.get("a")).toBe(11);
    expect(await counter.top(2)).toEqual([
      ["42", 3],
      ["a", 1],
    ]);
  });

  it("removed begins at 0 again, whatever was accepted before", async () => {
    const { counter, values } = openedCounter();
    counter.add("a", 7);
    await counter.flush();
    await world.pass(60);
    await counter.flush();
    counter.add("a", 3);
    counter.remove("a");
    counter.add("a", 2);
    await counter.flush();
    expect(await counter.get("a")).toBe(2);
    await world.pass(60);
    await counter.flush();
    expect(values()).toEqual({ a: 2 });
    await Promise.all([counter.remove("a", durable), counter.flush()]);
    expect(await counter.get("a")).toBe(0);
  });

  it("reads more keys than one command is asked for", async () => {
    const { counter } = openedCounter({ backlogMax: 10_000 });
    const keys = Array.from({ length: 1_201 }, (_, nth) => nth);
    for (const key of keys) counter.add(key, key);
    await counter.flush();
    expect([...(await counter.getMany(keys)).values()]).toEqual(keys);
  });

  it.each([-1, 1.5, Number.NaN, 10_001])("has no %d largest values", async (count) => {
    await expect(openedCounter().counter.top(count)).rejects.toThrow(
      "whole number from 0 to 10000",
    );
  });

  it.each([
    { id: "an empty key", key: "", says: "It is empty." },
    { id: "U+0000", key: "a\0", says: "U+0000" },
    { id: "half a character", key: "\ud800", says: "half a character" },
    { id: "a key of 513 bytes", key: `${"é".repeat(256)}a`, says: "longer than 512 bytes" },
    { id: "no text", key: Number.NaN, says: "neither a string nor a number" },
  ])("refuses $id at once", ({ key, says }) => {
    const { counter } = openedCounter();
    expect(() => counter.add(key)).toThrow(says);
    expect(() => counter.remove(key)).toThrow(says);
    expect(() => counter.add("é".repeat(256))).not.toThrow();
  });

  it.each([0.5, Number.NaN, 1_000_000_001, -1_000_000_001])("refuses to add %s", (by) => {
    const { counter } = openedCounter();
    expect(() => counter.add("a", by)).toThrow("not a whole number from");
  });
});

describe("a durable change", () => {
  it("resolves once it is accepted", async () => {
    const { counter } = openedCounter();
    let isAccepted = false;
    const adding = counter.add("a", 1, durable).then(() => (isAccepted = true));
    await idle();
    expect([isAccepted, await world.redis.exists(indexKey)]).toEqual([false, 0]);
    await counter.flush();
    await adding;
    expect(await counter.get("a")).toBe(1);
  });

  it("is refused where as much waits as may; other changes are counted as lost; both are told once", async () => {
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
          "A change of set was not accepted. Reason: the backlog of the sink has reached `backlogMax`. It is not applied: retry later.",
      },
    });
    expect(behind.stats()).toMatchObject({
      set: {
        accepted: 1,
        lost: 2,
        inDoubt: 0,
        refusals: { full: 2 },
        trouble: { kind: "full", isOver: false },
      },
    });
    const told =
      "Write behind: Changes of set are lost or in doubt: the backlog of the sink has reached `backlogMax`.";
    expect(messages()).toEqual([told]);
    await world.pass(60);
    await counter.flush();
    counter.add("b");
    await counter.flush();
    expect(behind.stats()["set"]).toMatchObject({ accepted: 2, trouble: { isOver: true } });
    expect(messages()).toEqual([told, expect.stringContaining("are accepted again after")]);
  });

  it("of an isolate whose clock is wrong is refused", async () => {
    const { behind, counter, log } = openedCounter();
    await world.serverAt(world.clock.atMs + 60_000);
    const [refused] = await Promise.allSettled([counter.add("b", 1, durable), counter.flush()]);
    expect(refused).toMatchObject({
      reason: { message: expect.stringContaining("reached Redis too late") },
    });
    expect(behind.stats()["set"]).toMatchObject({ lost: 1, refusals: { late: 1 } });
    expect(log).toMatchObject([
      { event: "write-behind", set: "set", of: "changes", state: "began" },
    ]);
  });
});

describe("a buffer", () => {
  interface Profile {
    readonly name: string;
    readonly seenAt: Date;
  }
  const openedBuffer = () => {
    const isolate = opened();
    const sink = new MemoryBufferSink();
    return { ...isolate, sink, buffer: isolate.behind.buffer<Profile>("set", { sink }) };
  };
  const profile = (name: string): Profile => ({ name, seenAt: new Date(7) });

  it("keeps the newest value of each key, and forgets what is removed", async () => {
    const { buffer, sink } = openedBuffer();
    buffer.put("a", profile("old"));
    buffer.put("a", profile("new"));
    buffer.put("b", profile("b"));
    await buffer.flush();
    expect(await buffer.get("a")).toEqual(profile("new"));
    expect(await buffer.getMany(["a", "b", "none"])).toEqual(
      new Map([
        ["a", profile("new")],
        ["b", profile("b")],
      ]),
    );
    await world.pass(60);
    expect(await buffer.flush()).toEqual({ state: "done", changes: 2 });
    expect(sink.values.get("set")?.size).toBe(2);
    await Promise.all([buffer.remove("a", durable), buffer.flush()]);
    expect(await buffer.get("a")).toBeUndefined();
    await world.pass(60);
    await buffer.flush();
    expect([...(sink.values.get("set")?.keys() ?? [])]).toEqual(["b"]);
  });

  it("takes the later of two puts in one millisecond, also from two batches of which the first came last", async () => {
    const { buffer } = openedBuffer();
    buffer.put("a", profile("first"));
    const first = buffer.flush();
    buffer.put("a", profile("second"));
    await Promise.all([first, buffer.flush()]);
    expect(await buffer.get("a")).toEqual(profile("second"));
  });

  it("refuses what its codec cannot write, and what is too large", () => {
    const { behind, buffer } = openedBuffer();
    const functions = { name: "a", seenAt: (() => undefined) as never };
    expect(() => buffer.put("a", functions)).toThrow("set/a");
    expect(() => buffer.put("a", profile("x".repeat(33_000)))).toThrow("longer than 32768 bytes");
    const codec = { name: "plain", encode: (text: string) => text, decode: (text: string) => text };
    const plain = behind.buffer<string>("other", { sink: new MemoryBufferSink(), codec });
    expect(() => plain.put("a", "\0")).toThrow("U+0000");
  });
});

describe("without Redis", () => {
  it.each([
    { id: "that answers", options: { isAway: true } },
    { id: "at all", options: {} },
  ])("$id a read says what is wrong, and a flush fails", async ({ id, options }) => {
    const { behind } = opened(options);
    const log: LogLine[] = [];
    const none = new WriteBehind(() => ({ ...world.portsInto(log), redis: undefined }));
    const sets = id === "at all" ? none : behind;
    const counter = sets.counter("set", { sink: new MemoryCounterSink() });
    await expect(counter.get("a")).rejects.toThrow(
      /^The counter set cannot be read exactly\. .*\. Try again/,
    );
    expect(await counter.flush()).toEqual({ state: "failed", changes: 0 });
  });
});

describe("a set is refused", () => {
  const sink = new MemoryCounterSink();
  const ofBuffer = new MemoryBufferSink();
  it.each([
    { id: "with a name of other characters", name: "a:b", options: { sink }, says: "Its name" },
    { id: "without a sink", name: "a", options: {}, says: "it needs apply, read, top" },
    { id: "with a sink of a buffer", name: "a", options: { sink: ofBuffer }, says: "top" },
    { id: "with no duration", name: "a", options: { sink, every: "1x" }, says: "every" },
    { id: "with no bound", name: "a", options: { sink, backlogMax: 0 }, says: "backlogMax" },
    { id: "with what is no option", name: "a", options: { sink, evry: "1m" }, says: "evry" },
  ])("$id", ({ name, options, says }) => {
    const { behind } = openedCounter();
    expect(() => behind.counter(name, options as { sink: MemoryCounterSink })).toThrow(says);
  });
});
