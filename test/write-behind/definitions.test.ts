// Tests that a name has one definition as a counter or buffer, and that the number of names is
// limited.
import { expect, it } from "vitest";
import { MemoryBufferSink, MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import { openSets } from "./sets-world.ts";
import { openSlicesWorld } from "./slices-world.ts";

const world = openSlicesWorld();

it("a second definition with the same options returns the first counter, with the new sink", async () => {
  const { behind } = openSets(world);
  const [first, second] = [new MemoryCounterSink(), new MemoryCounterSink()];
  const counter = behind.counter("set", { sink: first, every: "1m" });
  counter.add("a", 2);
  await counter.flush();
  expect(behind.counter("set", { sink: second })).toBe(counter);
  await world.pass(60);
  expect(await counter.flush()).toEqual({ state: "done", changes: 1 });
  expect(first.values.get("set")).toBeUndefined();
  expect(second.values.get("set")).toEqual(new Map([["a", 2]]));
  expect(await counter.top(1)).toEqual([["a", 2]]);
  expect(Object.keys(behind.stats())).toEqual(["set"]);
});

it.each([
  ["every", { every: "5m" }],
  ["backlogMax", { backlogMax: 5 }],
  ["deadLetterAfter", { deadLetterAfter: 9 }],
  ["codec", { codec: { name: "text", encode: String, decode: (value: string) => value } }],
] as const)(
  "a second definition with another %s is refused, and the first buffer stays",
  (id, given) => {
    const { behind } = openSets(world);
    const sink = new MemoryBufferSink();
    const buffer = behind.buffer<string>("last", { sink });
    expect(() => behind.buffer("last", { sink, ...given })).toThrow(
      `already has a set of this name with other options: ${id} differ`,
    );
    expect(behind.buffer("last", { sink })).toBe(buffer);
  },
);

it("an unknown option is refused by its name", () => {
  const { behind } = openSets(world);
  const given = { sink: new MemoryCounterSink(), flush: "1m" };
  const made = () => behind.counter("views", given);
  expect(made).toThrow('The counter "views" is invalid. "flush" is not a field of a counter.');
});

it("a second definition of another kind is refused", () => {
  const { behind } = openSets(world);
  behind.counter("views", { sink: new MemoryCounterSink() });
  const again = () => behind.buffer("views", { sink: new MemoryBufferSink() });
  expect(again).toThrow("other options: kind differ");
});

it("a cache has at most 1,000 counters and buffers", () => {
  const { behind } = openSets(world);
  const sink = new MemoryCounterSink();
  for (let nth = 0; nth < 1_000; nth += 1) behind.counter(`views-${nth}`, { sink });
  expect(() => behind.counter("more", { sink })).toThrow("already has 1000 counters and buffers");
  expect(behind.counter("views-7", { sink })).toBeDefined();
});
