// Opens an isolate's counters and buffers over slices in a real Redis.
import type { LogLine } from "../../src/observe/log-line.ts";
import type { CounterOptions } from "../../src/write-behind/counter.ts";
import { WriteBehind } from "../../src/write-behind/write-behind.ts";
import { MemoryCounterSink } from "../../testing/write-behind/memory-sink.ts";
import type { openSlicesWorld } from "./slices-world.ts";

type World = ReturnType<typeof openSlicesWorld>;

/** Opens one isolate, in which a test defines sets. */
export function openSets(world: World, options: { readonly isAway?: boolean } = {}) {
  const log: LogLine[] = [];
  const ports = world.portsInto(log, options);
  const behind = new WriteBehind(() => ports);
  return { behind, log, messages: () => log.map(({ message }) => message) };
}

/** Opens one isolate with a counter. */
export function openCounter(world: World, options: Omit<CounterOptions, "sink"> = {}) {
  const isolate = openSets(world);
  const sink = new MemoryCounterSink();
  const counter = isolate.behind.counter("set", { sink, ...options });
  const values = () => Object.fromEntries(sink.values.get("set") ?? []);
  return { ...isolate, sink, counter, values };
}
