// Functions that write and read a new set of a sink.
import type { Add, BufferSink, CounterSink, Put } from "../../src/write-behind/sinks/sink.ts";

export const add = (key: string, by: number): Add => ({ key, by, isReset: false });
export const reset = (key: string, by: number): Add => ({ key, by, isReset: true });
export const put = (key: string, value: string | null): Put => ({ key, value });

let setCount = 0;

/** Returns the name of an unused set. */
export function newSet(): string {
  setCount += 1;
  return `set ${setCount}`;
}

/** Returns functions for a new set of a counter sink. */
export function counterSet(sink: CounterSink) {
  const set = newSet();
  return {
    set,
    /** @param upTo the key of the mark; absent for a mark at the end of the slice */
    apply: (slice: number, changes: readonly Add[], upTo: string | null = null) =>
      sink.apply({ set, slice, changes, mark: { slice, key: upTo } }),
    read: (...keys: string[]) => sink.read(set, keys),
    held: async (...keys: string[]) => Object.fromEntries((await sink.read(set, keys)).values),
    mark: async () => (await sink.read(set, [])).mark,
    top: (count: number) => sink.top(set, count),
  };
}

/** Returns functions for a new set of a buffer sink. */
export function bufferSet(sink: BufferSink) {
  const set = newSet();
  return {
    apply: (slice: number, changes: readonly Put[], upTo: string | null = null) =>
      sink.apply({ set, slice, changes, mark: { slice, key: upTo } }),
    held: async (...keys: string[]) => Object.fromEntries((await sink.read(set, keys)).values),
  };
}
