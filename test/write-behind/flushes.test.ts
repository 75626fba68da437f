// Tests flushes over a real server: by the cron trigger, by a call, and by an isolate in the
// background. Also tests the pauses after a failure, and the log.
import { AsyncLocalStorage } from "node:async_hooks";
import { expect, it, vi } from "vitest";
import { SinkError } from "../../src/write-behind/sinks/sink-error.ts";
import type { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { idle, until } from "../../testing/site/harness.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openCounter, openSets } from "./sets-world.ts";
import { indexKey, openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();

/** Opens a counter with an accepted add, and advances the clocks by `seconds`. */
async function added(options = {}, seconds = 60) {
  const opened = openCounter(world, options);
  opened.counter.add("a");
  await opened.counter.flush();
  await world.pass(seconds);
  return opened;
}

/** Waits until Redis accepts the gathered changes, which may begin a flush. */
async function untilSent(behind: WriteBehind): Promise<void> {
  const accepted = () => behind.stats()["set"]?.accepted ?? 0;
  const before = accepted();
  await until(() => accepted() > before);
}

const addOfA = { key: "a", by: 1, isReset: false };

it("a set may have the name __proto__", async () => {
  const { behind } = openSets(world);
  behind.counter("__proto__", { sink: new MemoryCounterSink() });
  expect(Object.keys(await behind.flush())).toEqual(["__proto__"]);
  expect(Object.keys(behind.stats())).toEqual(["__proto__"]);
});

it("all sets share the chunk limit of a cron run, and each run begins with another set", async () => {
  const { behind } = openSets(world);
  const sinks = { set: new MemoryCounterSink(), other: new MemoryCounterSink() };
  const counters = Object.entries(sinks).map(([name, sink]) => behind.counter(name, { sink }));
  for (let slice = 0; slice < 2; slice += 1) {
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
  const waiting = firsts[0] === 0 ? "set" : "other";
  expect(await behind.flush({ chunksMax: 0 })).toMatchObject({ [waiting]: { state: "more" } });
  await world.pass(60);
  await behind.runCron({ chunksMax: 1 });
  expect(Object.values(sinks).map(({ chunks }) => chunks.length)).toEqual([1, 1]);
});

it("the cron trigger flushes a set at the interval `every`", async () => {
  const { behind, sink } = await added({ every: "5m" }, 0);
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

it("cron runs pause after failures, longer each time; failures are counted, and logged once", async () => {
  const { behind, counter, sink, messages } = await added();
  sink.fates.push("fails", "fails", "fails");
  expect(await counter.flush()).toEqual({ state: "failed", changes: 0 });
  const runAfter = async (seconds: number) => {
    await world.pass(seconds);
    await behind.runCron();
    return sink.chunks.length;
  };
  expect([await runAfter(4), await runAfter(1), await runAfter(9)]).toEqual([1, 2, 2]);
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

it("a success resets the pause", async () => {
  const { behind, counter, sink } = openCounter(world);
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

it("the log, the stats and the troubles contain the statement and message of a failure", async () => {
  const { behind, counter, sink, messages } = await added();
  sink.apply = () => Promise.reject(new SinkError(new Error("disk full"), "UPDATE articles"));
  await counter.flush();
  const detail = "The database answered: disk full. SQL: UPDATE articles";
  expect(behind.stats()["set"]?.troubleWithFlushes).toMatchObject({ kind: "Error", detail });
  expect(behind.troubles().get("set")?.flushes).toMatchObject({ detail });
  expect(messages()).toEqual([`Write behind: Flushes of set fail with Error: ${detail}`]);
});

it("an isolate flushes after an acceptance if the oldest slice is overdue", async () => {
  const { counter, sink, behind } = await added({}, 120);
  await Promise.all([counter.add("b", 1, { durable: true }), untilSent(behind)]);
  await idle();
  expect(sink.chunks).toEqual([]);
  await world.pass(45);
  counter.add("b");
  await untilSent(behind);
  await until(() => sink.chunks.length > 0);
  expect(sink.chunks[0]?.changes).toEqual([addOfA]);
});

it("a flush in the background runs in no client's context, such as its transaction", async () => {
  const { counter, sink, behind } = await added({}, 165);
  const transactions = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const apply = sink.apply.bind(sink);
  sink.apply = (chunk) => {
    seen.push(transactions.getStore());
    return apply(chunk);
  };
  transactions.run("of Ada", () => counter.add("b"));
  await untilSent(behind);
  await until(() => sink.chunks.length > 0);
  expect(seen).toEqual([undefined]);
});

it("an isolate flushes after an acceptance if the backlog is large", async () => {
  const { counter, sink, behind } = await added({ backlogMax: 2 }, 45);
  counter.add("b");
  await untilSent(behind);
  await until(() => sink.chunks.length > 0);
  expect(sink.chunks[0]?.changes).toEqual([addOfA]);
});

it("a flush fails if the sink does not answer for 30 s, and the next flush sends the chunk again", async () => {
  const { counter, sink, values } = await added();
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

it("a read of the sink rejects if the sink does not answer for 30 s", async () => {
  const { counter, sink } = await added();
  const silent = Promise.withResolvers<void>();
  sink.read = () => (silent.resolve(), new Promise(() => undefined));
  sink.top = () => new Promise(() => undefined);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const reads = Promise.allSettled([counter.get("a"), counter.top(1)]);
    await silent.promise;
    await vi.advanceTimersByTimeAsync(30_000);
    const reason = { name: "TimeoutError" };
    expect(await reads).toMatchObject([{ reason }, { reason }]);
  } finally {
    vi.useRealTimers();
  }
});

it("an isolate begins only one background flush at a time", async () => {
  const { behind } = openSets(world);
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
  // Redis answers in order. After these reads, a second flush would have reached its chunk.
  for (let nth = 0; nth < 10; nth += 1) await counter.get("a");
  expect(begun).toHaveLength(1);
});
