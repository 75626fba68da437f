// A counter of many keys. Redis accepts adds, and they are written to the application's database later.
import { adds } from "./change-kind.ts";
import { type BehindPorts, ChangeSet } from "./change-set.ts";
import { bytesOf, checkedBy, checkedTopCount, keyTextOf, type SetKey } from "./change-texts.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush-result.ts";
import type { CheckedOptions, SetOptions } from "./set-options.ts";
import type { Add, CounterSink } from "./sinks/sink.ts";

export type CounterOptions = SetOptions<CounterSink>;

/** Makes the caller wait until the change is accepted. */
export interface Durable {
  readonly durable: true;
}

export class Counter {
  readonly #sink: CounterSink;
  readonly #name: string;
  readonly #setOf: () => ChangeSet<Add, number>;

  /** @param setOf called at each use, because the first use opens the cache */
  constructor(name: string, sink: CounterSink, setOf: () => ChangeSet<Add, number>) {
    this.#name = name;
    this.#sink = sink;
    this.#setOf = setOf;
  }

  /**
   * Adds to a key, which starts at 0. Adds are gathered for up to a second, and are lost if this isolate ends before.
   *
   * @param by a whole number, which may be negative
   * @param options `{ durable: true }`: resolves once the add is accepted; it then counts exactly once
   * @throws OperatorError for an invalid key or number
   */
  add(key: SetKey, by?: number): void;
  add(key: SetKey, by: number, options: Durable): Promise<void>;
  add(key: SetKey, by = 1, options?: Durable): Promise<void> | undefined {
    return this.#change({ key: keyTextOf(key), by: checkedBy(by), isReset: false }, options);
  }

  /** Sets a key to 0: earlier accepted adds no longer count. A removal is a change like an add. */
  remove(key: SetKey): void;
  remove(key: SetKey, options: Durable): Promise<void>;
  remove(key: SetKey, options?: Durable): Promise<void> | undefined {
    return this.#change({ key: keyTextOf(key), by: 0, isReset: true }, options);
  }

  /** Returns a value with all accepted adds, including those that the database does not have yet. */
  async get(key: SetKey): Promise<number> {
    const text = keyTextOf(key);
    return (await this.#setOf().read([text])).get(text) ?? 0;
  }

  /** Returns several values. The map has each key. */
  async getMany<K extends SetKey>(keys: readonly K[]): Promise<ReadonlyMap<K, number>> {
    const texts = keys.map(keyTextOf);
    const values = await this.#setOf().read([...new Set(texts)]);
    return new Map(keys.map((key, at) => [key, values.get(texts[at] ?? "") ?? 0]));
  }

  /**
   * Returns the largest values in the database. Adds that wait for a flush are not included.
   *
   * @param count 10,000 at most
   * @throws OperatorError for an invalid count
   */
  async top(count: number): Promise<readonly (readonly [key: string, value: number])[]> {
    return this.#sink.top(this.#name, checkedTopCount(count));
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(options?: FlushOptions): Promise<FlushResult> {
    return resultOf(await this.#setOf().flush(budgetOf(options)));
  }

  #change(change: Add, options?: Durable): Promise<void> | undefined {
    const bytes = bytesOf(change.key);
    if (options?.durable === true) return this.#setOf().addDurably(change, bytes);
    this.#setOf().add(change, bytes);
    return undefined;
  }
}

export const counterSet = (
  name: string,
  options: CheckedOptions<CounterSink>,
  ports: BehindPorts,
): ChangeSet<Add, number> => new ChangeSet(name, adds, options, ports);
