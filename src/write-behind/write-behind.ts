// Exports of `tidemark/write-behind`: counters and buffers, which write changes to a database later.
// See docs/write-behind.md.
import { structuredJson } from "../base/codec.ts";
import { Definitions } from "../base/definitions.ts";
import { once } from "../base/once.ts";
import { rotated } from "../base/rotated.ts";
import type { DataCache } from "../data/create-data-cache.ts";
import { knownData, type SetsBesideData } from "../compose/data-beside-pages.ts";
import { addAll, Rises, type Sums } from "../observe/sums.ts";
import { Buffer, type BufferOptions, type BufferPorts, bufferPorts } from "./buffer.ts";
import { adds } from "./change-kind.ts";
import { type BehindPorts, ChangeSet } from "./change-set.ts";
import { Counter, type CounterOptions } from "./counter.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush.ts";
import type { SetCondition } from "./set-condition.ts";
import { type CheckedOptions, checkedOptions } from "./set-options.ts";

export { OperatorError } from "../base/operator-error.ts";
export type { Buffer, BufferOptions } from "./buffer.ts";
export { type ChangeOptions, NotAccepted } from "./change-set.ts";
export type { SetKey } from "./change-texts.ts";
export type { Counter, CounterOptions } from "./counter.ts";
export type { FlushOptions, FlushResult } from "./flush.ts";
export type * from "./sinks/sink.ts";

export type SetStats = ReturnType<SetCondition["snapshot"]> & {
  readonly kind: "counter" | "buffer";
};

const words = {
  taken: "a set of this name",
  all: "counters and buffers",
  keys: '"tenant-7/views".',
} as const;

interface OpenSet {
  readonly kind: "counter" | "buffer";
  readonly options: CheckedOptions<object>;
  /** The counter or buffer that the application uses. */
  readonly handle: unknown;
  readonly set: () => Pick<ChangeSet<never, never>, "flush" | "isDue" | "condition">;
}

/** The counters and buffers of a data cache. */
export interface Sets {
  /**
   * Creates a counter, for numbers that change too often to write each add to a database. No
   * accepted add counts twice, and each counts unless Redis loses it or the sink refuses its row. A
   * later call with the same options returns the same counter, which then writes to the sink of that
   * call.
   *
   * @throws OperatorError for an invalid name or option, for options that differ from those of an
   *   earlier call, and for more than 1,000 sets
   */
  counter(name: string, options: CounterOptions): Counter;
  /**
   * Creates a buffer, for values that change too often to write each one to a database. The buffer
   * keeps each key's newest value. A later call with the same options returns the same buffer, which
   * then writes to the sink of that call.
   *
   * @throws OperatorError for an invalid name or option, for options that differ from those of an
   *   earlier call, and for more than 1,000 sets
   */
  buffer<T>(name: string, options: BufferOptions<T>): Buffer<T>;
  /** Sends gathered changes to Redis, and rested changes to the sinks. Never rejects. */
  flush(options?: FlushOptions): Promise<Readonly<Record<string, FlushResult>>>;
  /** Returns the counts of this isolate, and the last trouble, by the name of the set. */
  stats(): Readonly<Record<string, SetStats>>;
}

/**
 * Returns the counters and buffers of a data cache, which need its Redis. The cache flushes them in its
 * cron run. Later calls for the cache return the same object.
 *
 * @param cache from `createDataCache`
 * @throws OperatorError for another object
 * @example
 * const sets = writeBehind(cache);
 * const views = sets.counter("views", { sink: d1Sink(env.DB) });
 */
export function writeBehind(cache: DataCache): Sets {
  const parts = knownData(cache);
  if (parts.sets instanceof WriteBehind) return parts.sets;
  const made = new WriteBehind(parts.portsOfSets);
  parts.sets = made;
  return made;
}

export class WriteBehind implements Sets, SetsBesideData {
  readonly #portsOf: () => BehindPorts;
  readonly #definitions = new Definitions<OpenSet>();
  readonly #sets = new Map<string, OpenSet>();
  readonly #rises = new Rises();

  /** @param portsOf called at the first use of a set */
  constructor(portsOf: () => BehindPorts) {
    this.#portsOf = portsOf;
  }

  counter(name: string, options: CounterOptions): Counter {
    const checked = checkedOptions("counter", name, options, ["apply", "read", "top"]);
    const set = once(() => new ChangeSet(name, adds, checked, this.#portsOf()));
    const handle = new Counter(name, checked, set);
    return this.#opened(name, { kind: "counter", options: checked, handle, set }) as Counter;
  }

  buffer<T>(name: string, { codec, ...options }: BufferOptions<T>): Buffer<T> {
    const checked = checkedOptions("buffer", name, options, ["apply", "read"]);
    const ports = once((): BufferPorts => bufferPorts(name, checked, this.#portsOf()));
    const handle = new Buffer(name, codec, ports);
    const given: OpenSet = { kind: "buffer", options: checked, handle, set: () => ports().set };
    return this.#opened(name, given, codec) as Buffer<T>;
  }

  /** Returns the counter or buffer of this name, with the new sink, as a hot reload needs. */
  #opened(
    name: string,
    given: OpenSet,
    codec: { readonly name: string } = structuredJson,
  ): unknown {
    const { kind, options } = given;
    const opened = this.#definitions.open(
      name,
      optionsOf(given, codec),
      () => {
        this.#sets.set(name, given);
        return given;
      },
      { kind, ...words },
    );
    Object.assign(opened.options, { sink: options.sink });
    return opened.handle;
  }

  /**
   * Flushes sets.
   *
   * @param names of sets; default: all
   */
  async flush(
    options: FlushOptions = {},
    names: readonly string[] = [...this.#sets.keys()],
  ): Promise<Readonly<Record<string, FlushResult>>> {
    const budget = budgetOf(options);
    const results: [string, FlushResult][] = [];
    for (const name of names) {
      const flushed = await this.#sets.get(name)?.set().flush(budget);
      if (flushed !== undefined) results.push([name, resultOf(flushed)]);
    }
    // `fromEntries` also works for the name `__proto__`.
    return Object.fromEntries(results);
  }

  /** Flushes the sets that are due at this run of the cron trigger. Never rejects. */
  async runCron(options?: FlushOptions): Promise<void> {
    const atMs = this.#sets.size === 0 ? 0 : this.#portsOf().nowAtMs();
    const due = [...this.#sets].filter(([, { set }]) => set().isDue(atMs)).map(([name]) => name);
    // No set must use up the chunks of every run.
    await this.flush(options, rotated(due, atMs));
  }

  /** Returns the counts since the previous call, by series. */
  taken(): Sums {
    const taken: Sums = new Map();
    for (const { set } of this.#sets.values()) {
      addAll(taken, this.#rises.since(set().condition.series()));
    }
    return taken;
  }

  /** Returns the troubles of each set, by its name. */
  troubles(): ReadonlyMap<string, SetCondition["troubles"]> {
    return new Map([...this.#sets].map(([name, { set }]) => [name, set().condition.troubles]));
  }

  stats(): Readonly<Record<string, SetStats>> {
    const entries = [...this.#sets].map(([name, { kind, set }]) => {
      return [name, { kind, ...set().condition.snapshot() }] as const;
    });
    return Object.fromEntries(entries);
  }
}

/** Returns the options that a later call must repeat. Omits the sink. */
function optionsOf({ kind, options }: OpenSet, { name: codec }: { readonly name: string }) {
  const { everyMs: every, backlogMax, deadLetterAfter } = options;
  return new Map<string, unknown>(
    Object.entries({ kind, every, backlogMax, deadLetterAfter, codec }),
  );
}
