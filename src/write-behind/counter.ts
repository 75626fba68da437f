// A counter of many keys. Redis accepts adds, and flushes write them to the application's database
// later.
import { within } from "../base/timeouts.ts";
import { type ChangeSet, type ChangeOptions, sinkMsMax } from "./change-set.ts";
import { bytesOf, checkedBy, checkedTopCount, keyTextOf, type SetKey } from "./change-texts.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush.ts";
import type { CheckedOptions, SetOptions } from "./set-options.ts";
import type { Add, CounterSink } from "./sinks/sink.ts";

export type CounterOptions = SetOptions<CounterSink>;

export class Counter {
  readonly #options: Pick<CheckedOptions<CounterSink>, "sink">;
  readonly #name: string;
  readonly #setOf: () => ChangeSet<Add, number>;

  /**
   * @param options a later definition of the counter may replace the sink
   * @param setOf called only on use, because its first call opens the cache
   */
  constructor(
    name: string,
    options: Pick<CheckedOptions<CounterSink>, "sink">,
    setOf: () => ChangeSet<Add, number>,
  ) {
    this.#name = name;
    this.#options = options;
    this.#setOf = setOf;
  }

  /**
   * Adds to a key, which starts at 0. Adds are gathered for up to a second. They are lost if this
   * isolate ends first, or if Redis does not accept them.
   *
   * @param by a whole number, which may be negative
   * @param options `{ durable: true }`: resolves once the add is accepted, and otherwise rejects
   *   with `NotAccepted`. `{ whenFull: "wait" }`: resolves once the isolate has room for the add,
   *   which slows down a loop of adds
   * @throws OperatorError for an invalid key or number
   */
  add(key: SetKey, by?: number): void;
  add(key: SetKey, by: number, options: ChangeOptions): Promise<void>;
  add(key: SetKey, by = 1, options?: ChangeOptions): Promise<void> | undefined {
    return this.#change({ key: keyTextOf(key), by: checkedBy(by), isReset: false }, options);
  }

  /** Sets a key to 0, and discards earlier accepted adds. A removal is gathered like an add. */
  remove(key: SetKey): void;
  remove(key: SetKey, options: ChangeOptions): Promise<void>;
  remove(key: SetKey, options?: ChangeOptions): Promise<void> | undefined {
    return this.#change({ key: keyTextOf(key), by: 0, isReset: true }, options);
  }

  /** Returns a key's value with all accepted adds, even those that wait for the database. */
  async get(key: SetKey): Promise<number> {
    const text = keyTextOf(key);
    return (await this.#setOf().read([text])).get(text) ?? 0;
  }

  /** Returns the values of several keys. The map contains every key. */
  async getMany<K extends SetKey>(keys: readonly K[]): Promise<ReadonlyMap<K, number>> {
    const texts = keys.map(keyTextOf);
    const values = await this.#setOf().read([...new Set(texts)]);
    return new Map(keys.map((key, at) => [key, values.get(texts[at] ?? "") ?? 0]));
  }

  /**
   * Returns the largest values in the database, without adds that wait for a flush.
   *
   * @param count at most 10,000
   * @throws OperatorError for an invalid count
   */
  async top(count: number): Promise<readonly (readonly [key: string, value: number])[]> {
    return within(this.#options.sink.top(this.#name, checkedTopCount(count)), sinkMsMax);
  }

  /**
   * Returns the dead letters: changes that the sink has refused `deadLetterAfter` times for their
   * content. Dead letters do not count.
   */
  async deadLetters(): Promise<readonly (Add & { readonly id: string })[]> {
    const letters = await this.#setOf().deadLetters();
    return letters.map(({ id, change: { key, by, isReset } }) => ({ id, key, by, isReset }));
  }

  /** Removes a dead letter. Returns `true` to only one caller, which may then repeat the change. */
  dropDeadLetter(id: string): Promise<boolean> {
    return this.#setOf().dropDeadLetter(id);
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(options?: FlushOptions): Promise<FlushResult> {
    return resultOf(await this.#setOf().flush(budgetOf(options)));
  }

  #change(change: Add, options?: ChangeOptions): Promise<void> | undefined {
    return this.#setOf().add(change, bytesOf(change.key), options);
  }
}
