// Tests what sets report for metrics and findings, over a real Redis server. Each count is reported
// once. The backlog is that of the isolate's last answer from Redis.
import { describe, expect, it } from "vitest";
import { MemoryBufferSink } from "../../testing/write-behind/memory-sink.ts";
import { openCounter, openSets } from "./sets-world.ts";
import { openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();

describe("a set's metrics", () => {
  it("count accepted and flushed changes, and report each count once", async () => {
    const { behind, counter } = openCounter(world);
    const taken = () => Object.fromEntries(behind.taken());
    expect(taken()).toEqual({});
    for (const key of ["a", "a", "b"]) counter.add(key);
    await counter.flush();
    expect(taken()).toEqual({ "behindChanges|set|accepted": 3, "behindFlushes|set|done": 1 });
    await world.pass(60);
    await counter.flush();
    expect(taken()).toEqual({ "behindFlushes|set|done": 1, "behindFlushedChanges|set": 2 });
    expect(taken()).toEqual({});
  });

  it("count late changes", async () => {
    const { behind } = openSets(world);
    const buffer = behind.buffer<string>("set", { sink: new MemoryBufferSink() });
    buffer.put("a", "old");
    await world.pass(60);
    await buffer.flush();
    const counts = { "behindChanges|set|late": 1, "behindFlushes|set|done": 1 };
    expect(Object.fromEntries(behind.taken())).toEqual(counts);
  });

  it("count lost changes, and flushes that failed or left changes", async () => {
    const { behind, counter, sink } = openCounter(world, { backlogMax: 1 });
    counter.add("a");
    await counter.flush();
    counter.add("b");
    await counter.flush();
    await world.pass(60);
    await counter.flush({ chunksMax: 0 });
    sink.fates.push("fails");
    await counter.flush();
    await counter.flush();
    expect(Object.fromEntries(behind.taken())).toEqual({
      "behindChanges|set|accepted": 1,
      "behindChanges|set|lost": 1,
      "behindFlushes|set|done": 3,
      "behindFlushes|set|more": 1,
      "behindFlushes|set|failed": 1,
      "behindFlushedChanges|set": 1,
    });
    expect(behind.stats()["set"]).toMatchObject({ lost: 1 });
  });
});

it("a set reports for findings its backlog, how long a flush is overdue, and failing flushes", async () => {
  const { behind, counter, sink } = openCounter(world, { every: "2m", backlogMax: 9 });
  const troubles = () => behind.troubles().get("set");
  expect(troubles()).toEqual({
    backlog: expect.objectContaining({ keyCount: 0, heardAtMs: -Infinity }),
    flushes: undefined,
    deadLetterCount: 0,
    clock: undefined,
  });
  counter.add("a");
  await counter.flush();
  const heardAtMs = world.clock.atMs;
  const { backlog } = troubles() ?? {};
  expect(backlog).toMatchObject({ keyCount: 1, backlogMax: 9, everyMs: 120_000, heardAtMs });
  expect(backlog?.overdueMs).toBeLessThan(0);
  await world.pass(60);
  sink.fates.push("fails");
  await counter.flush();
  counter.add("b");
  await counter.flush({ chunksMax: 0 });
  expect(troubles()?.backlog).toMatchObject({ keyCount: 2, heardAtMs: heardAtMs + 60_000 });
  expect(troubles()?.backlog.overdueMs).toBeGreaterThanOrEqual(20_000);
  expect(troubles()?.backlog.overdueMs).toBeLessThanOrEqual(30_000);
  sink.fates.push("fails");
  await counter.flush();
  expect(troubles()?.flushes).toMatchObject({ kind: "Error", isOver: false });
  await counter.flush();
  expect(troubles()?.flushes).toBeUndefined();
});
