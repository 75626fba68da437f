// A buffer of many keys: of each the newest value is kept in Redis, and written to the application's
// database later.
import { type Codec, encodedBy, structuredJson } from "../base/codec.ts";
import { puts, type SequencedPut } from "./change-kind.ts";
import { type BehindPorts, ChangeSet } from "./change-set.ts";
import { bytesOf, checkedText, keyTextOf, type SetKey } from "./change-texts.ts";
import type { Durable } from "./counter.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush-result.ts";
import type { CheckedOptions, SetOptions } from "./set-options.ts";
import type { BufferSink } from "./sinks/sink.ts";

export interface BufferOptions<T> extends SetOptions<BufferSink> {
  /** In place of structured JSON. */
  readonly codec?: Codec<T> | undefined;
}

export interface BufferPorts {
  readonly set: ChangeSet<SequencedPut, string>;
  /** For each put of this isolate a higher one. */
  readonly nextSequence: () => number;
}

/** @typeParam T its values */
export class Buffer<T> {
  readonly #name: string;
  readonly #codec: Codec<T>;
  readonly #portsOf: () => BufferPorts;

  /** @param portsOf called at each use: the cache begins with the first */
  constructor(name: string, codec: Codec<T> | undefined, portsOf: () => BufferPorts) {
    this.#name = name;
    this.#codec = codec ?? (structuredJson as Codec<T>);
    this.#portsOf = portsOf;
  }

  /**
   * Replaces the value of a key. The put is gathered for up to a second. If this isolate ends before that,
   * the put is lost.
   *
   * @param options `{ durable: true }`: resolves once the put is accepted
   * @throws OperatorError for a key or a value that is refused
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

  /** Removes a key, here and from the database. It is a change like a put. */
  remove(key: SetKey): void;
  remove(key: SetKey, options: Durable): Promise<void>;
  remove(key: SetKey, options?: Durable): Promise<void> | undefined {
    return this.#change(keyTextOf(key), null, options);
  }

  /** The newest accepted value, also if the database does not have it yet. */
  async get(key: SetKey): Promise<T | undefined> {
    return (await this.getMany([key])).get(key);
  }

  /** The same for several keys. Keys without a value are not in the map. */
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

  /** Sends gathered changes to Redis, and changes that have rested to the sink. Never rejects. */
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
