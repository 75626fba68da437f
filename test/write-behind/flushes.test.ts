// Who flushes sets, and when: the cron trigger, a call, an isolate by itself; what follows a failure; and what
// an isolate tells of it. Over a real server.
import { SinkError } from "../../src/write-behind/sinks/sink-error.ts";
import { describe, expect, it, vi } from "vitest";
import type { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { idle, until } from "../../testing/site/harness.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openCounter, openSets } from "./sets-world.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();
const durable = { durable: true } as const;
const opened = () => openSets(world);
const openedCounter = (options = {}) => openCounter(world, options);

describe("flushes", () => {
  it("tell of a set of any name that its form allows", async () => {
    const { behind } = opened();
    behind.counter("__proto__", { sink: new MemoryCounterSink() });
    expect(Object.keys(await behind.flush())).toEqual(["__proto__"]);
    expect(Object.keys(behind.stats())).toEqual(["__proto__"]);
  });

  it("of all sets share their chunks, and each run of the cron trigger begins with another set", async () => {
    const { behind } = opened();
    const sinks = { set: new MemoryCounterSink(), other: new MemoryCounterSink() };
    const counters = Object.entries(sinks).map(([name, sink]) => behind.counter(name, { sink }));
    for (const _ of ["two", "slices"]) {
      for (const counter of counters) {
        counter.add("a");
        await counter.flush();
      }
      await world.pass(10);
    }
    await world.pass(120);
    await behind.runCron({ chunksMax: 1 });
    const firsts = Object.values(sinks).map(({ chunks }) => chunks.length);
    expect(new Set(firsts)).toEqual(new Set([0, 1]));
    expect(await behind.flush({ chunksMax: 0 })).toMatchObject({
      [firsts[0] === 0 ? "set" : "other"]: { state: "more" },
    });
    await world.pass(60);
    await behind.runCron({ chunksMax: 1 });
    expect(Object.values(sinks).map(({ chunks }) => chunks.length)).toEqual([1, 1]);
  });

  it("by the cron trigger come as often as `every` says", async () => {
    const { behind, counter, sink } = openedCounter({ every: "5m" });
    counter.add("a");
    await counter.flush();
    // This clock is slightly behind the trigger's.
    world.clock.advance(-((world.clock.atMs / 1_000) % 300) - 0.1);
    for (const minutes of [1, 2, 3, 4]) {
      await world.pass(60);
      await behind.runCron();
      expect(sink.chunks, `${minutes}`).toEqual([]);
    }
    await world.pass(60);
    await behind.runCron();
    expect(sink.chunks).toHaveLength(1);
  });

  it("that failed wait, longer with each failure, but not by hand; they are told once, and counted", async () => {
    const { behind, counter, sink, messages } = openedCounter();
    sink.fates.push("fails", "fails", "fails");
    counter.add("a");
    await counter.flush();
    await world.pass(60);
    expect(await counter.flush()).toEqual({ state: "failed", changes: 0 });
    await world.pass(4);
    await behind.runCron();
    expect(sink.chunks).toHaveLength(1);
    await world.pass(1);
    await behind.runCron();
    expect(sink.chunks).toHaveLength(2);
    await world.pass(9);
    await behind.runCron();
    expect(sink.chunks).toHaveLength(2);
    await counter.flush();
    expect(sink.chunks).toHaveLength(3);
    expect(behind.stats()["set"]).toMatchObject({
      flushes: { failed: 3, slices: 0, changes: 0 },
      troubleWithFlushes: { kind: "Error", isOver: false },
    });
    expect(await counter.flush()).toEqual({ state: "done", changes: 1 });
    expect(behind.stats()["set"]).toMatchObject({
      flushes: { failed: 3, slices: 1, changes: 1 },
      troubleWithFlushes: { isOver: true },
      backlog: { keys: 0, oldestAgeMs: 0 },
    });
    expect(messages()).toEqual([
      "Write behind: Flushes of set fail with Error: check its sink and Redis.",
      expect.stringMatching(/^Write behind: Flushes of set work again after \d+ s\.$/),
    ]);
  });

  it("that failed report the statement and the words of the database", async () => {
    const { behind, counter, sink, messages } = openedCounter();
    sink.apply = () => Promise.reject(new SinkError(new Error("disk full"), "UPDATE articles"));
    counter.add("a");
    await counter.flush();
    await world.pass(60);
    await counter.flush();
    const detail = "The database answered: disk full. SQL: UPDATE articles";
    expect(behind.stats()["set"]?.troubleWithFlushes).toMatchObject({ kind: "Error", detail });
    expect(behind.troubles().get("set")?.flushes).toMatchObject({ detail });
    expect(messages()).toEqual([`Write behind: Flushes of set fail with Error: ${detail}`]);
  });

  it("wait no longer than at first, once one has gone well since", async () => {
    const { behind, counter, sink } = openedCounter();
    const failOnce = async () => {
      sink.fates.push("fails");
      counter.add("a");
      await counter.flush();
      await world.pass(60);
      await counter.flush();
    };
    await failOnce();
    await counter.flush();
    await failOnce();
    await world.pass(5);
    await behind.runCron();
    expect(sink.marks.get("set")).toMatchObject({ key: null });
    expect(await world.redis.exists(indexKey)).toBe(0);
  });

  it("come from an isolate by itself where nobody else flushes, behind what it has accepted", async () => {
    const { counter, sink, behind } = openedCounter();
    counter.add("a");
    await counter.flush();
    await world.pass(120);
    counter.add("b");
    await Promise.all([counter.add("b", 1, durable), untilSent(behind)]);
    await idle();
    expect(sink.chunks).toEqual([]);
    await world.pass(45);
    counter.add("b");
    await untilSent(behind);
    await until(() => sink.chunks.length > 0);
    expect(sink.chunks[0]?.changes).toEqual([{ key: "a", by: 1, isReset: false }]);
  });

  it("come from an isolate by itself where much waits", async () => {
    const { counter, sink, behind } = openedCounter({ backlogMax: 2 });
    counter.add("a");
    await counter.flush();
    await world.pass(45);
    counter.add("b");
    await untilSent(behind);
    await until(() => sink.chunks.length > 0);
    expect(sink.chunks[0]?.changes).toEqual([{ key: "a", by: 1, isReset: false }]);
  });

  it("fail with a sink that is silent for 30 s, and send the chunk again", async () => {
    const { counter, sink, values } = openedCounter();
    counter.add("a");
    await counter.flush();
    await world.pass(60);
    const apply = sink.apply.bind(sink);
    const silent = Promise.withResolvers<void>();
    sink.apply = () => (silent.resolve(), new Promise(() => undefined));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const flushing = counter.flush();
      await silent.promise;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(await flushing).toEqual({ state: "failed", changes: 0 });
    } finally {
      vi.useRealTimers();
    }
    sink.apply = apply;
    await counter.flush();
    expect(values()).toEqual({ a: 1 });
  });

  it("by an isolate itself come one at a time, while its sink takes long", async () => {
    const { behind } = opened();
    const begun: number[] = [];
    const sink = new MemoryCounterSink();
    sink.apply = async ({ slice }) => {
      begun.push(slice);
      await new Promise<void>(() => undefined);
    };
    const counter = behind.counter("set", { sink });
    counter.add("a");
    await untilSent(behind);
    await world.pass(180);
    for (const key of ["b", "c"]) {
      counter.add(key);
      await untilSent(behind);
    }
    await until(() => begun.length > 0);
    // Redis answers in turn: by then a second flush would have come to its chunk.
    for (let nth = 0; nth < 10; nth += 1) await counter.get("a");
    expect(begun).toHaveLength(1);
  });
});

/** What was gathered is accepted: the acceptance may begin a flush by itself, and `flush` would be another. */
async function untilSent(behind: WriteBehind): Promise<void> {
  const accepted = () => behind.stats()["set"]?.accepted ?? 0;
  const before = accepted();
  await until(() => accepted() > before);
}
