// All counters and buffers of an isolate: the one way into this folder for whoever composes a cache.
import { addAll, Rises, type Sums } from "../observe/sums.ts";
import { OperatorError } from "../base/operator-error.ts";
import { Buffer, type BufferOptions, type BufferPorts, bufferPorts } from "./buffer.ts";
import type { BehindPorts, ChangeSet } from "./change-set.ts";
import { Counter, type CounterOptions, counterSet } from "./counter.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush-result.ts";
import type { SetCondition } from "./set-condition.ts";
import { checkedOptions } from "./set-options.ts";

export type SetStats = ReturnType<SetCondition["snapshot"]> & {
  readonly kind: "counter" | "buffer";
};

const minuteMs = 60_000;

interface Opened {
  readonly kind: "counter" | "buffer";
  readonly set: () => Pick<ChangeSet<never, never>, "flush" | "isDue" | "condition">;
}

/** What an application may do with sets. */
export interface Sets {
  /**
   * Numbers that change too often to write each add to a database. An add that is accepted counts once.
   *
   * @throws OperatorError for a name or an option that is refused
   */
  counter(name: string, options: CounterOptions): Counter;
  /**
   * Values that change too often to write each of them to a database: the newest of each key is kept.
   *
   * @throws OperatorError for a name or an option that is refused
   */
  buffer<T>(name: string, options: BufferOptions<T>): Buffer<T>;
  /** Sends gathered changes to Redis, and changes that have rested to the sinks. Never rejects. */
  flush(options?: FlushOptions): Promise<Readonly<Record<string, FlushResult>>>;
}

export class WriteBehind implements Sets {
  readonly #portsOf: () => BehindPorts;
  readonly #sets = new Map<string, Opened>();
  readonly #rises = new Rises();

  /** @param portsOf called at the first use of a set */
  constructor(portsOf: () => BehindPorts) {
    this.#portsOf = portsOf;
  }

  counter(name: string, options: CounterOptions): Counter {
    const checked = checkedOptions("counter", name, options, ["apply", "read", "top"]);
    const set = once(() => counterSet(name, checked, this.#portsOf()));
    this.#open(name, { kind: "counter", set });
    return new Counter(name, checked.sink, set);
  }

  buffer<T>(name: string, { codec, ...options }: BufferOptions<T>): Buffer<T> {
    const checked = checkedOptions("buffer", name, options, ["apply", "read"]);
    const ports = once((): BufferPorts => bufferPorts(name, checked, this.#portsOf()));
    this.#open(name, { kind: "buffer", set: () => ports().set });
    return new Buffer(name, codec, ports);
  }

  #open(name: string, opened: Opened): void {
    if (this.#sets.has(name)) {
      throw new OperatorError({
        what: `The ${opened.kind} ${JSON.stringify(name)} is refused.`,
        why: "There is a set of this name already.",
        mend: "Make each set once, outside of requests, and give each a name of its own.",
      });
    }
    this.#sets.set(name, opened);
  }

  /** @param names of sets; all unless given */
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
    // By its entries: `__proto__` is a name like others.
    return Object.fromEntries(results);
  }

  /** The part of a run of the cron trigger, each minute: flushes the sets whose turn it is. Never rejects. */
  async runCron(options?: FlushOptions): Promise<void> {
    const atMs = this.#sets.size === 0 ? 0 : this.#portsOf().nowAtMs();
    const due = [...this.#sets].filter(([, { set }]) => set().isDue(atMs)).map(([name]) => name);
    // Each run begins with another set, so that none takes all chunks of all runs.
    const first = due.length === 0 ? 0 : Math.floor(atMs / minuteMs) % due.length;
    await this.flush(options, [...due.slice(first), ...due.slice(0, first)]);
  }

  /** What was counted since the last call, by series. */
  taken(): Sums {
    const taken: Sums = new Map();
    for (const { set } of this.#sets.values()) {
      addAll(taken, this.#rises.since(set().condition.series()));
    }
    return taken;
  }

  /** By the names of sets. */
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

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
