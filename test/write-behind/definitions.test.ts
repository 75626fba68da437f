// One definition for each name of a counter or buffer.
import { describe, expect, it } from "vitest";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openSets } from "./sets-world.ts";
import { openSlicesWorld } from "./slices-world.ts";

const [row] = redisServers;
if (row === undefined) throw new Error("No server.");
const world = openSlicesWorld(row.start);

describe("the same name again", () => {
  it("with the same options is the same counter, which writes to the new sink", async () => {
    const { behind } = openSets(world);
    const [first, second] = [new MemoryCounterSink(), new MemoryCounterSink()];
    const counter = behind.counter("set", { sink: first, every: "1m" });
    counter.add("a", 2);
    await counter.flush();
    expect(behind.counter("set", { sink: second })).toBe(counter);
    await world.pass(60);
    expect(await counter.flush()).toEqual({ state: "done", changes: 1 });
    expect([first.values.get("set"), second.values.get("set")]).toEqual([
      undefined,
      new Map([["a", 2]]),
    ]);
    expect(await counter.top(1)).toEqual([["a", 2]]);
    expect(Object.keys(behind.stats())).toEqual(["set"]);
  });

  it("with the same options is the same buffer", () => {
    const { behind } = openSets(world);
    const buffer = behind.buffer<string>("last", { sink: new MemoryBufferSink() });
    expect(behind.buffer("last", { sink: new MemoryBufferSink() })).toBe(buffer);
  });

  const text = { name: "text", encode: String, decode: (value: string) => value };
  it.each([
    { id: "every", given: { every: "5m" } },
    { id: "backlogMax", given: { backlogMax: 5 } },
    { id: "deadLetterAfter", given: { deadLetterAfter: 9 } },
    { id: "codec", given: { codec: text } },
  ] as const)("with another $id is refused, and the first stays", ({ id, given }) => {
    const { behind } = openSets(world);
    const sink = new MemoryBufferSink();
    const buffer = behind.buffer<string>("last", { sink });
    expect(() => behind.buffer("last", { sink, ...given })).toThrow(
      `already has a set of this name with other options: ${id} differ`,
    );
    expect(behind.buffer("last", { sink })).toBe(buffer);
  });

  it("of another kind is refused", () => {
    const { behind } = openSets(world);
    behind.counter("views", { sink: new MemoryCounterSink() });
    const again = () => behind.buffer("views", { sink: new MemoryBufferSink() });
    expect(again).toThrow("other options: kind differ");
  });
});

it("a cache has up to 1,000 sets", () => {
  const { behind } = openSets(world);
  const sink = new MemoryCounterSink();
  for (let nth = 0; nth < 1_000; nth += 1) behind.counter(`views-${nth}`, { sink });
  expect(() => behind.counter("more", { sink })).toThrow("already has 1000 counters and buffers");
  expect(behind.counter("views-7", { sink })).toBeDefined();
});
