// Sinks in memory that fulfil the contract of a sink. A test can make them fail, or commit without
// an answer.
import { isPast } from "../../src/write-behind/change-slices.ts";
import type {
  Add,
  BufferSink,
  Chunk,
  CounterSink,
  Mark,
  Put,
  ReadFromSink,
} from "../../src/write-behind/sinks/sink.ts";

/** The result of the next call of `apply`: `silent` commits and then fails. */
type Fate = "works" | "fails" | "silent";

abstract class MemorySink<Change extends { readonly key: string }, Value> {
  /** The values of each set. */
  readonly values = new Map<string, Map<string, Value>>();
  readonly marks = new Map<string, Mark>();
  /** All chunks that were sent, also those that failed. */
  readonly chunks: Chunk<Change>[] = [];
  /** The results of the next calls, in order. Later calls work. */
  readonly fates: Fate[] = [];
  readCount = 0;

  protected abstract applied(value: Value | undefined, change: Change): Value | undefined;

  async apply(chunk: Chunk<Change>): Promise<void> {
    this.chunks.push(chunk);
    const fate = this.fates.shift() ?? "works";
    if (fate !== "fails") this.#commit(chunk);
    if (fate !== "works") throw new Error("The sink did not answer.");
  }

  #commit({ set, slice, changes, mark }: Chunk<Change>): void {
    const held = this.marks.get(set);
    const values = this.#valuesOf(set);
    for (const change of changes) {
      if (!isPast(held, slice, change.key)) continue;
      const value = this.applied(values.get(change.key), change);
      if (value === undefined) values.delete(change.key);
      else values.set(change.key, value);
    }
    const isFurther =
      mark.key === null
        ? held === undefined || held.slice < mark.slice || held.key !== null
        : isPast(held, mark.slice, mark.key);
    if (isFurther && (held === undefined || held.slice <= mark.slice)) this.marks.set(set, mark);
  }

  async read(set: string, keys: readonly string[]): Promise<ReadFromSink<Value>> {
    this.readCount += 1;
    const values = this.#valuesOf(set);
    const found = new Map<string, Value>();
    for (const key of keys) {
      const value = values.get(key);
      if (value !== undefined) found.set(key, value);
    }
    return { values: found, mark: this.marks.get(set) };
  }

  #valuesOf(set: string): Map<string, Value> {
    const values = this.values.get(set) ?? new Map<string, Value>();
    this.values.set(set, values);
    return values;
  }
}

export class MemoryCounterSink extends MemorySink<Add, number> implements CounterSink {
  protected applied(value: number | undefined, { by, isReset }: Add): number {
    return isReset ? by : (value ?? 0) + by;
  }

  async top(set: string, count: number): Promise<readonly (readonly [string, number])[]> {
    const values = [...(this.values.get(set) ?? [])];
    const ordered = values.toSorted(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1));
    return ordered.slice(0, count);
  }
}

export class MemoryBufferSink extends MemorySink<Put, string> implements BufferSink {
  protected applied(_: string | undefined, { value }: Put): string | undefined {
    return value ?? undefined;
  }
}
