// A buffer of many keys. Redis holds each key's newest value until a flush writes it to the
// application's database.
import { type Codec, encodedBy, structuredJson } from "../base/codec.ts";
import { puts, type SequencedPut } from "./change-kind.ts";
import { type BehindPorts, ChangeSet, type ChangeOptions } from "./change-set.ts";
import { bytesOf, checkedText, keyTextOf, type SetKey } from "./change-texts.ts";
import { budgetOf, type FlushOptions, type FlushResult, resultOf } from "./flush.ts";
import type { CheckedOptions, SetOptions } from "./set-options.ts";
import type { BufferSink, Put } from "./sinks/sink.ts";

export interface BufferOptions<T> extends SetOptions<BufferSink> {
  /** How values become text: an object with `name`, `encode` and `decode`. Default: structured JSON. */
  readonly codec?: Codec<T> | undefined;
}

export interface BufferPorts {
  readonly set: ChangeSet<SequencedPut, string>;
  /** Returns a sequence above those of all earlier puts of this buffer in this isolate. */
  readonly nextSequence: () => number;
}

/**
 * A buffer.
 *
 * @typeParam T the type of a value
 */
export class Buffer<T> {
  readonly #name: string;
  readonly #codec: Codec<T>;
  readonly #portsOf: () => BufferPorts;

  /** @param portsOf called only on use, because its first call opens the cache */
  constructor(name: string, codec: Codec<T> | undefined, portsOf: () => BufferPorts) {
    this.#name = name;
    this.#codec = codec ?? (structuredJson as Codec<T>);
    this.#portsOf = portsOf;
  }

  /**
   * Replaces the value of a key. Puts are gathered for up to a second. They are lost if this
   * isolate ends first, or if Redis does not accept them.
   *
   * @param options `{ durable: true }`: resolves once the put is accepted, and otherwise rejects
   *   with `NotAccepted`. `{ whenFull: "wait" }`: resolves once the isolate has room for the put
   * @throws OperatorError for an invalid key or value
   */
  put(key: SetKey, value: T): void;
  put(key: SetKey, value: T, options: ChangeOptions): Promise<void>;
  put(key: SetKey, value: T, options?: ChangeOptions): Promise<void> | undefined {
    const text = keyTextOf(key);
    const place = `${this.#name}/${text}`;
    const encoded = checkedText(encodedBy(this.#codec as Codec, value, place), place);
    return this.#change(text, encoded, options);
  }

  /** Removes a key from the buffer and from the database. A removal is gathered like a put. */
  remove(key: SetKey): void;
  remove(key: SetKey, options: ChangeOptions): Promise<void>;
  remove(key: SetKey, options?: ChangeOptions): Promise<void> | undefined {
    return this.#change(keyTextOf(key), null, options);
  }

  /** Returns a key's newest accepted value, even if the database does not have the value yet. */
  async get(key: SetKey): Promise<T | undefined> {
    return (await this.getMany([key])).get(key);
  }

  /** Returns the values of several keys. The map omits keys without a value. */
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

  /**
   * Returns the dead letters: changes that the sink has refused `deadLetterAfter` times for their
   * content. `value` is the encoded value, or `null` for a removal.
   */
  async deadLetters(): Promise<readonly (Put & { readonly id: string })[]> {
    const letters = await this.#portsOf().set.deadLetters();
    return letters.map(({ id, change: { key, value } }) => ({ id, key, value }));
  }

  /** Removes a dead letter. Returns `true` to only one caller, which may then repeat the change. */
  dropDeadLetter(id: string): Promise<boolean> {
    return this.#portsOf().set.dropDeadLetter(id);
  }

  /** Sends gathered changes to Redis, and rested changes to the sink. Never rejects. */
  async flush(options?: FlushOptions): Promise<FlushResult> {
    return resultOf(await this.#portsOf().set.flush(budgetOf(options)));
  }

  #change(key: string, value: string | null, options?: ChangeOptions): Promise<void> | undefined {
    const { set, nextSequence } = this.#portsOf();
    const bytes = bytesOf(key) + bytesOf(value ?? "");
    return set.add({ key, value, sequence: nextSequence() }, bytes, options);
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
