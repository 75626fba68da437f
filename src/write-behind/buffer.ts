// A buffer of many keys. Redis holds the newest value of each key until it is written to the application's database.
import { type Codec, encodedBy, structuredJson } from "../base/codec.ts";
import { puts, type SequencedPut } from "./change-kind.ts";
import { type BehindPorts, ChangeSet } from "./change-set.ts";
import { bytesOf, checkedText, keyTextOf, type SetKey } from "./change-texts.ts";
import type { Durable } from "./counter.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush-result.ts";
import type { CheckedOptions, SetOptions } from "./set-options.ts";
import type { BufferSink } from "./sinks/sink.ts";

export interface BufferOptions<T> extends SetOptions<BufferSink> {
  /** Default: structured JSON. */
  readonly codec?: Codec<T> | undefined;
}

export interface BufferPorts {
  readonly set: ChangeSet<SequencedPut, string>;
  /** Returns a higher number for each put of this isolate. */
  readonly nextSequence: () => number;
}

/** @typeParam T its values */
export class Buffer<T> {
  readonly #name: string;
  readonly #codec: Codec<T>;
  readonly #portsOf: () => BufferPorts;

  /** @param portsOf called at each use, because the first use opens the cache */
  constructor(name: string, codec: Codec<T> | undefined, portsOf: () => BufferPorts) {
    this.#name = name;
    this.#codec = codec ?? (structuredJson as Codec<T>);
    this.#portsOf = portsOf;
  }

  /**
   * Replaces the value of a key. Puts are gathered for up to a second, and are lost if this isolate ends before.
   *
   * @param options `{ durable: true }`: resolves once the put is accepted
   * @throws OperatorError for an invalid key or value
   */
  put(key: SetKey, value: T): void;
  put(key: SetKey, value: T, options: Durable): Promise<void>;
  put(key: SetKey, value: T, options?: Durable): Promise<void> | undefined {
    const text = keyTextOf(key);
    const place = `${this.#name}/${text}`;
    return this.#change(
      text,
      checkedText(encodedBy(this.#codec as Codec, value, place), place),
      options,
    );
  }

  /** Removes a key from the buffer and from the database. A removal is a change like a put. */
  remove(key: SetKey): void;
  remove(key: SetKey, options: Durable): Promise<void>;
  remove(key: SetKey, options?: Durable): Promise<void> | undefined {
    return this.#change(keyTextOf(key), null, options);
  }

  /** Returns the newest accepted value, even if the database does not have it yet. */
  async get(key: SetKey): Promise<T | undefined> {
    return (await this.getMany([key])).get(key);
  }

  /** Returns several values. Keys without a value are not in the map. */
  async getMany<K extends SetKey>(keys: readonly K[]): Promise<ReadonlyMap<K, T>> {
    const texts = keys.map(keyTextOf);
    const read = await this.#portsOf().set.read([...new Set(texts)]);
    const values = new Map<K, T>();
    for (const [at, key] of keys.entries()) {
      const text = read.get(texts[at] ?? "");
      if (text !== undefined) values.set(key, this.#codec.decode(text));
    }
    return values;
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(options?: FlushOptions): Promise<FlushResult> {
    return resultOf(await this.#portsOf().set.flush(budgetOf(options)));
  }

  #change(key: string, value: string | null, options?: Durable): Promise<void> | undefined {
    const { set, nextSequence } = this.#portsOf();
    const put = { key, value, sequence: nextSequence() };
    const bytes = bytesOf(key) + bytesOf(value ?? "");
    if (options?.durable === true) return set.addDurably(put, bytes);
    set.add(put, bytes);
    return undefined;
  }
}

export function bufferPorts(
  name: string,
  options: CheckedOptions<BufferSink>,
  ports: BehindPorts,
): BufferPorts {
  let last = 0;
  const nextSequence = () => (last = Math.max(last + 1, Math.floor(ports.nowAtMs() * 1_000)));
  return { set: new ChangeSet<SequencedPut, string>(name, puts, options, ports), nextSequence };
}
