// The public class of a namespace, and the namespaces of a cache: one definition for each name.
import type { TierName } from "../config/config.ts";
import { inInvocation } from "../remote/invocation.ts";
import { unlessAborted } from "../base/timeouts.ts";
import { answered, answeredMany, type ManyResult, valueFor, valuesFor } from "./get-or-load.ts";
import { emitting } from "./value/events.ts";
import {
  type CallOptions,
  checkFunction,
  checkOptions,
  withLifetimes,
  completedBy,
  type Load,
  type LoadMany,
  type MissingKeyPolicy,
  ofOne,
} from "./value/load-context.ts";
import { type FieldPorts, Fields } from "./fields/hash-fields.ts";
import { lookedUp, type Lookup, type LookUpOptions, touched } from "./lookup-for-caller.ts";
import type { Frozen } from "./value/frozen.ts";
import { type Key, keyIn } from "./value/data-key.ts";
import { loadOne } from "./load/loading.ts";
import { isPurged } from "./load/verdict.ts";
import { noteRead } from "./load/waits.ts";
import {
  type DataPlace,
  placeOf,
  placesOf,
  loadOf,
  type Space,
  type NamespaceOptions,
  spaceOf,
} from "./value/space.ts";
import { type NamedPurgePorts, purgeNamed, type PurgeReceipt } from "./purge-data.ts";
import { endValues } from "./load/store-values.ts";
import { DataLookup, isAnswer } from "./load/data-lookup.ts";
import { isBeyondRedis, purgeBeforeLoad, type SetOptions, setValue } from "./write/set.ts";
import { type Persist, writeThrough } from "./write/write-through.ts";
import {
  type WriteOptions,
  type WritePorts,
  writtenOptionsOf,
  type WrittenValue,
} from "./write/written-value.ts";
import { Definitions } from "../base/definitions.ts";

/** The dependencies of a namespace. */
export type NamespacePorts = WritePorts & FieldPorts & NamedPurgePorts;

/**
 * The result of a load that returns `V`, in a namespace of `T`: `V` if `T` is unknown, and otherwise
 * `T`, or `null` if the load may return `null`.
 */
export type CallValue<T, V> = unknown extends T
  ? Frozen<V>
  : Frozen<T> | (null extends V ? null : never);

/**
 * @typeParam T its values
 * @typeParam K its keys
 * @typeParam Absent `null` if a stored value, or one of the namespace's own load, may be `null`
 */
export class Namespace<T, K extends Key = Key, Absent extends null = null> {
  readonly #space: Space;
  readonly #portsOf: () => NamespacePorts;

  /** @param portsOf called at each use, because the first use opens the cache */
  constructor(space: Space, portsOf: () => NamespacePorts) {
    this.#space = space;
    this.#portsOf = portsOf;
  }

  /**
   * Returns the stored value, or loads it. Concurrent calls share one load.
   *
   * @param load default: the load of the namespace
   * @returns the frozen value; `null` if the source has none. Rejects with the error of the load, unless a
   *   stale value may answer
   */
  getOrSet<V extends T | null = T>(
    key: K,
    load?: Load<T, V>,
    options: CallOptions = {},
  ): Promise<CallValue<T, V> | Absent> {
    const calling = unlessAborted(() => this.#gotOrSet(key, load, options), options.signal);
    return calling as Promise<CallValue<T, V> | Absent>;
  }

  async #gotOrSet<V>(key: K, load: Load<T, V> | undefined, options: CallOptions) {
    checkOptions("getOrSet", options);
    if (load !== undefined) checkFunction("getOrSet", "load", load);
    const { ports, place } = this.#at(key, options.tags);
    const loadMany = withLifetimes(load === undefined ? loadOf(this.#space) : ofOne(load), options);
    const isForced = options.forceFresh === true;
    if (isForced) await purgeBeforeLoad(place, ports);
    const answering = isForced
      ? loadOne({ place, load: loadMany, older: undefined, isForced }, ports)
      : answered({ place, load: loadMany, isLookOnly: false }, ports);
    const given = answering instanceof Promise ? await answering : answering;
    return valueFor<T>(key, given, { place, ports }) ?? null;
  }

  /**
   * Returns several values, with one command to Redis. Missing keys that no other call is loading
   * share one load, and few round trips to store their values. A failed load of one key does not
   * affect the other keys.
   *
   * @param load default: the load of the namespace
   * @param options.missing the meaning of a key that the map of `load` lacks; default: the option
   *   `missing` of the namespace
   */
  async getOrSetMany(
    keys: readonly K[],
    load?: LoadMany<T, K>,
    options: { readonly missing?: MissingKeyPolicy } = {},
  ): Promise<ManyResult<T, K>> {
    checkOptions("getOrSetMany", options);
    if (load !== undefined) checkFunction("getOrSetMany", "load", load);
    const { missing = this.#space.missing } = options;
    const ports = this.#portsOf();
    const places = placesOf(this.#space, keys, ports.host);
    // The cast is safe, because the load receives the keys exactly as this call passed them.
    const loadMany =
      load === undefined
        ? loadOf(this.#space)
        : completedBy(missing, load as unknown as LoadMany<unknown>);
    const how = { load: loadMany, isLookOnly: false };
    const given = await answeredMany([...places.keys()], how, ports);
    return valuesFor<T, K>(places, given, { absent: null, ports });
  }

  /** Returns the usable stored value or `undefined`. The namespace's load refreshes a stale value. */
  async get(key: K): Promise<Frozen<T> | Absent | undefined> {
    const { ports, place } = this.#at(key);
    const { load } = this.#space;
    const answering = answered({ place, load, isLookOnly: true }, ports);
    const given = answering instanceof Promise ? await answering : answering;
    return valueFor<T>(key, given, { place, ports }) as Frozen<T> | Absent | undefined;
  }

  /**
   * Looks a value up for a caller that loads it itself, and passes it to `set` with a start of the result.
   * Rejects an invalid tag.
   */
  async lookUp(key: K, options: LookUpOptions = {}): Promise<Lookup<T>> {
    checkOptions("lookUp", options);
    const { ports, place } = this.#at(key, options.tags);
    const { given, found: _, ...lookup } = await lookedUp(place, ports);
    const value = valueFor<T>(key, given, { place, ports });
    return { value, isStale: given?.kind === "value" && given.by === "stale", ...lookup };
  }

  /**
   * Returns the usable stored value or `undefined`, like `get`. The lifetime of a fresh value begins again,
   * unless a purge or a newer value ends it meanwhile.
   */
  async touch(key: K): Promise<Frozen<T> | Absent | undefined> {
    const { ports, place } = this.#at(key);
    const given = await touched(place, ports);
    return valueFor<T>(key, given, { place, ports }) as Frozen<T> | Absent | undefined;
  }

  /** Returns the stored values, with one command to Redis. */
  async getMany(keys: readonly K[]): Promise<ReadonlyMap<K, Frozen<T> | null>> {
    const ports = this.#portsOf();
    const places = placesOf(this.#space, keys, ports.host);
    const how = { load: this.#space.load, isLookOnly: true };
    const given = await answeredMany([...places.keys()], how, ports);
    return valuesFor<T, K>(places, given, { absent: undefined, ports }).values;
  }

  /** Returns whether `get` would return a value or `null`. */
  async has(key: K): Promise<boolean> {
    const { ports, place } = this.#at(key);
    const found = await new DataLookup(place, ports).found();
    const isThere = isAnswer(found);
    const { metadata } = found?.candidate.stored ?? {};
    const isStale = found !== undefined && isPurged(found.verdict);
    noteRead(place, isThere && metadata ? { metadata, isStale } : undefined, ports);
    return isThere;
  }

  /**
   * Stores a value that the application has just produced, everywhere within N. Purges after the result
   * cover the value. For a value from a source, use `getOrSet`: a purge between the read of the source and
   * `set` does not cover it.
   *
   * @returns the tiers that hold the value
   * @throws OperatorError for a value that cannot be stored, such as one that is too large for every tier,
   *   and if the purge of older values is not accepted
   */
  async set(
    key: K,
    value: T | Frozen<T> | null,
    options: SetOptions = {},
  ): Promise<readonly TierName[]> {
    checkOptions("set", options);
    return this.#written(key, { value, options }, (written, ports) =>
      setValue(written, options, ports),
    );
  }

  /**
   * Writes through: first to the application's database with `persist`, then to the tiers. Purges
   * the older value of the key everywhere, even if `persist` fails.
   *
   * @param value the value that `persist` writes; `null` if it removes the value
   * @returns the tiers that hold the value; none after a concurrent write or purge, and none if the value is
   *   too large
   * @throws OperatorError before any write if the value cannot be stored or there is no database,
   *   and after the write if the journal did not accept its purge. Otherwise the error of `persist`
   */
  async write(
    key: K,
    value: T | null,
    persist: Persist,
    options: WriteOptions = {},
  ): Promise<readonly TierName[]> {
    checkOptions("write", options);
    checkFunction("write", "persist", persist);
    return this.#written(key, { value, options }, (written, ports) =>
      writeThrough(written, persist, ports),
    );
  }

  /**
   * Returns the fields of this key: a Redis hash, separate from the value of the key.
   *
   * @throws OperatorError without a database, or if the namespace does not use the shared tier
   */
  fields(key: K): Fields<T> {
    const { ports, place } = this.#at(key);
    return new Fields<T>(place, ports);
  }

  /**
   * Purges one key everywhere. In a namespace of Redis alone, also removes the value, so that it ends at once
   * for isolates that do not know the purge yet, unless one is touching it. Rejects if the purge is not accepted.
   */
  async delete(key: K): Promise<PurgeReceipt> {
    const { ports, place } = this.#at(key);
    const receipt = await purgeNamed({ keys: [keyIn(this.#space.name, key)] }, ports);
    if (!isBeyondRedis(place)) await endValues([place], ports);
    return receipt;
  }

  /**
   * Makes the value of one key stale everywhere. The value may still answer for the time that
   * `stale` allows. Rejects if the purge is not accepted.
   */
  async expire(key: K): Promise<PurgeReceipt> {
    return purgeNamed({ keys: [keyIn(this.#space.name, key)], soft: true }, this.#portsOf());
  }

  /**
   * Purges the whole namespace everywhere. Rejects if the purge is not accepted.
   *
   * @param below purges only this key, and all keys below it
   */
  async clear(below?: K): Promise<PurgeReceipt> {
    const prefix = below === undefined ? this.#space.name : keyIn(this.#space.name, below);
    return purgeNamed({ prefixes: [prefix] }, this.#portsOf());
  }

  /**
   * Returns a function like `work` whose results are stored. `key` derives keys from arguments.
   *
   * @throws OperatorError if `work` or `key` is not a function
   */
  wrap<Sent extends readonly unknown[], V extends T | null>(
    work: (...sent: Sent) => V | Promise<V>,
    options: { readonly key: (...sent: Sent) => K },
  ): (...sent: Sent) => Promise<CallValue<T, V> | Absent> {
    checkOptions("wrap", options);
    const { key } = options;
    checkFunction("wrap", "work", work);
    checkFunction("wrap", "key", key);
    return async (...sent) => this.getOrSet(key(...sent), () => work(...sent));
  }

  #at(
    key: K,
    tags?: readonly string[],
  ): { readonly ports: NamespacePorts; readonly place: DataPlace } {
    const ports = this.#portsOf();
    return { ports, place: placeOf(this.#space, key, ports.host, tags) };
  }

  #written(
    key: K,
    { value, options }: { readonly value: unknown; readonly options: WriteOptions },
    write: (written: WrittenValue, ports: NamespacePorts) => Promise<readonly TierName[]>,
  ): Promise<readonly TierName[]> {
    const { ports, place } = this.#at(key);
    const written = { place, value, options: writtenOptionsOf(options) };
    return emitting(place, () => inInvocation(() => write(written, ports)), ports);
  }
}

const words = {
  kind: "namespace",
  taken: "this namespace",
  all: "namespaces",
  keys: '["tenant-7", 42], and purge it by a prefix.',
} as const;

export class Namespaces {
  readonly #portsOf: () => NamespacePorts;
  readonly #definitions = new Definitions<unknown>();
  readonly #spaces = new Map<string, Space>();

  /** @param portsOf called at each use of a namespace */
  constructor(portsOf: () => NamespacePorts) {
    this.#portsOf = portsOf;
  }

  get spaces(): ReadonlyMap<string, Space> {
    return this.#spaces;
  }

  /**
   * Returns the namespace of this name. A later call with the same options returns the same
   * namespace with the new call's functions, because a hot reload recreates functions.
   *
   * @throws OperatorError for an invalid name or option, for other options than before, and for too
   *   many names
   */
  open<T, K extends Key>(name: string, given: NamespaceOptions<T, K>): Namespace<T, K, never> {
    const space = spaceOf(name, given);
    const options = optionsOf(space, given.tags, given.keys);
    const made = this.#definitions.open(
      name,
      options,
      () => {
        this.#spaces.set(name, space);
        return new Namespace<T, K, never>(space, this.#portsOf);
      },
      words,
    );
    Object.assign(this.#spaces.get(name) ?? {}, space);
    return made as Namespace<T, K, never>;
  }
}

/**
 * Returns comparable options. Treats functions as equal. Compares a codec by its name, which stored
 * values also have.
 */
function optionsOf(space: Space, tags: unknown, keys: unknown): Map<string, string> {
  const { name: _, tagsOf: __, derivesTags: ___, codec, isGlobal: collapse, ...others } = space;
  const all = { ...others, collapse, tags, keys, codec: codec.name };
  // Only timeouts have their unit in the name of the option.
  const nameOf = (of: string) => of.replace(/(?<!Timeout)Ms$/, "");
  return new Map(Object.entries(all).map(([of, value]) => [nameOf(of), textOf(value)]));
}

function textOf(value: unknown): string {
  return typeof value === "function" ? "function" : (JSON.stringify(value) ?? "unset");
}
