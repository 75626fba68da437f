// Tests the cost of a cron run that flushes many sets. The free plans of Workers and D1 allow 50
// requests and 50 queries per run.
import { expect, it } from "vitest";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openSets } from "./sets-world.ts";
import { openSlicesWorld } from "./slices-world.ts";

it.each([
  { setCount: 1, sliceCount: 15 },
  { setCount: 10, sliceCount: 6 },
  { setCount: 12, sliceCount: 2 },
])(
  "a cron run with $setCount sets needs fewer than 50 queries and 50 Redis commands",
  async (given) => {
    const { behind, sinks } = await filled(given);
    world.rest.resetCounts();
    await behind.runCron();
    const chunkCount = sinks.reduce((sum, { chunks }) => sum + chunks.length, 0);
    const readCount = sinks.reduce((sum, sink) => sum + sink.readCount, 0);
    expect(chunkCount).toBe(12);
    expect(3 * chunkCount + readCount).toBeLessThan(50);
    expect(world.rest.counts().commandCountByName["EVAL"]).toBeLessThan(50);
  },
);

const names = Array.from({ length: 12 }, (_, at) => `set${at}`);
const world = openSlicesWorld({ sets: names });

/** Opens an isolate whose sets have rested slices. */
async function filled({ setCount, sliceCount }: { setCount: number; sliceCount: number }) {
  const { behind } = openSets(world);
  const sets = names.slice(0, setCount).map((name) => {
    const sink = new MemoryCounterSink();
    return { sink, counter: behind.counter(name, { sink }) };
  });
  for (let slice = 0; slice < sliceCount; slice += 1) {
    for (const { counter } of sets) counter.add("a");
    await behind.flush({ chunksMax: 0 });
    await world.pass(10);
  }
  await world.pass(60);
  for (const { sink } of sets) sink.readCount = 0;
  return { behind, sinks: sets.map(({ sink }) => sink) };
}

it("no set uses up the chunks of each run, although all sets are due at the same minutes", async () => {
  const { behind } = openSets(world);
  const sets = names.slice(0, 5).map((name) => {
    const sink = new MemoryCounterSink();
    return { sink, counter: behind.counter(name, { sink, every: "5m" }) };
  });
  for (let minute = 0; minute < 60; minute += 1) {
    for (const { counter } of sets) counter.add("a");
    await behind.flush({ chunksMax: 0 });
    await world.pass(60);
    await behind.runCron({ chunksMax: 1 });
  }
  expect(sets.filter(({ sink }) => sink.chunks.length === 0)).toEqual([]);
});
