// The public class of a namespace.
import type { TierName } from "../config/config.ts";
import { OperatorError } from "../base/operator-error.ts";
import { unlessAborted } from "../base/timeouts.ts";
import { answered } from "./answer.ts";
import { type CallOptions, withOptions } from "./value/call-options.ts";
import { answeredMany } from "./answer-many.ts";
import { valueOf } from "./value/data-record.ts";
import { type FieldPorts, Fields } from "./fields/fields.ts";
import type { Frozen } from "./value/frozen.ts";
import { type Key, targetsOf } from "./value/key.ts";
import {
  completedBy,
  type Load,
  type LoadMany,
  type MissingKeyPolicy,
  ofOne,
} from "./value/load-context.ts";
import type { CallResult } from "./load/load-outcome.ts";
import { loadOne, type LoadingPorts } from "./load/loading.ts";
import { PathMap } from "./value/path-map.ts";
import { placeOf, placesOf } from "./value/place.ts";
import type { OrderPurge, PurgeReceipt } from "./purge-data.ts";
import { DataSearch, isAnswer } from "./load/search.ts";
import type { Space } from "./value/space.ts";
import { checkDefined, writtenOptionsOf, type SetOptions, setValue } from "./write/set-value.ts";
import { type Persist, type WritePorts, writeThrough } from "./write/write-through.ts";

/** The results for several keys. */
export interface ManyResult<T, K extends Key> {
  /** `null` if the source has no value. */
  readonly values: ReadonlyMap<K, Frozen<T> | null>;
  /** The errors of keys whose load failed and that have no usable stale value. */
  readonly errors: ReadonlyMap<K, unknown>;
}

/** The dependencies of a namespace. */
export type NamespacePorts = LoadingPorts &
  WritePorts &
  FieldPorts & {
    /** The host of the Cache API keys. */
    readonly host: string;
    readonly purge: OrderPurge;
  };

/**
 * @typeParam T its values
 * @typeParam K its keys
 */
export class Namespace<T, K extends Key = Key> {
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
  async getOrSet(key: K, load?: Load<T>, options: CallOptions = {}): Promise<Frozen<T> | null> {
    return unlessAborted(() => this.#gotOrSet(key, load, options), options.signal);
  }

  async #gotOrSet(key: K, load: Load<T> | undefined, options: CallOptions) {
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    const loadMany = withOptions(load === undefined ? this.#ownLoad() : ofOne(load), options);
    const given =
      options.forceFresh === true
        ? await loadOne({ place, load: loadMany, older: undefined, isForced: true }, ports)
        : await answered({ place, load: loadMany, isLookOnly: false }, ports);
    return this.#handedOut(given, ports) ?? null;
  }

  /**
   * Returns several values, with one command to Redis. Missing keys that no other call is loading
   * share one load, and one round trip to store their values. A failed load of one key does not
   * affect the other keys.
   *
   * @param load default: the load of the namespace
   * @param options.missing meaning of a key that the map of `load` lacks; default: the namespace's
   */
  async getOrSetMany(
    keys: readonly K[],
    load?: LoadMany<T, K>,
    { missing = this.#space.missing }: { readonly missing?: MissingKeyPolicy } = {},
  ): Promise<ManyResult<T, K>> {
    const ports = this.#portsOf();
    const places = placesOf(this.#space, keys, ports.host);
    // The load receives the keys exactly as its own caller wrote them.
    const loadMany =
      load === undefined
        ? this.#ownLoad()
        : completedBy(missing, load as unknown as LoadMany<unknown>);
    const how = { load: loadMany, isLookOnly: false };
    const given = await answeredMany([...places.keys()], how, ports);
    const values = new PathMap<K, Frozen<T> | null>();
    const errors = new PathMap<K, unknown>();
    for (const [at, names] of [...places.values()].entries()) {
      const one = given[at];
      for (const name of names) {
        try {
          values.set(name, this.#handedOut(one, ports) ?? null);
        } catch (cause) {
          errors.set(name, cause);
        }
      }
    }
    return { values, errors };
  }

  /** Returns the usable stored value or `undefined`. The namespace's load refreshes a stale value. */
  async get(key: K): Promise<Frozen<T> | null | undefined> {
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    const { load } = this.#space;
    return this.#handedOut(await answered({ place, load, isLookOnly: true }, ports), ports);
  }

  /** Returns the stored values, with one command to Redis. */
  async getMany(keys: readonly K[]): Promise<ReadonlyMap<K, Frozen<T> | null>> {
    const ports = this.#portsOf();
    const places = placesOf(this.#space, keys, ports.host);
    const how = { load: this.#space.load, isLookOnly: true };
    const given = await answeredMany([...places.keys()], how, ports);
    const values = new PathMap<K, Frozen<T> | null>();
    for (const [at, names] of [...places.values()].entries()) {
      for (const name of names) {
        const value = this.#handedOut(given[at], ports);
        if (value !== undefined) values.set(name, value);
      }
    }
    return values;
  }

  /** Returns whether `get` would return a value or `null`. */
  async has(key: K): Promise<boolean> {
    const ports = this.#portsOf();
    return isAnswer(await new DataSearch(placeOf(this.#space, key, ports.host), ports).found());
  }

  /**
   * Stores a value that the application has just produced. Later purges cover it. For a value that
   * was read from a source before this call, use `getOrSet`: a purge may have followed the read.
   *
   * @returns the tiers that hold the value, after the writes
   * @throws OperatorError for a value that cannot be stored
   */
  async set(key: K, value: T | null, options: SetOptions = {}): Promise<readonly TierName[]> {
    checkDefined(value, this.#space.name);
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    return setValue({ place, value, options: writtenOptionsOf(options) }, ports);
  }

  /**
   * Writes through: first to the application's database with `persist`, then to the tiers. Purges
   * the older value of the key everywhere, even if `persist` fails.
   *
   * @param value the value that `persist` writes; `null` if it removes the value
   * @returns the tiers that hold the value; none after a concurrent write or purge
   * @throws OperatorError before any write if the value cannot be stored or there is no database,
   *   and after the write if the journal did not accept its purge. Otherwise the error of `persist`
   */
  async write(
    key: K,
    value: T | null,
    persist: Persist,
    options: SetOptions = {},
  ): Promise<readonly TierName[]> {
    checkDefined(value, this.#space.name);
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    return writeThrough({ place, value, options: writtenOptionsOf(options) }, persist, ports);
  }

  /**
   * Returns the fields of this key: a Redis hash, separate from the value of the key.
   *
   * @throws OperatorError without a database, or if the namespace does not use it
   */
  fields(key: K): Fields<T> {
    const ports = this.#portsOf();
    return new Fields<T>(placeOf(this.#space, key, ports.host), ports);
  }

  /** Purges one key everywhere. Rejects if the purge is not accepted. */
  async delete(key: K): Promise<PurgeReceipt> {
    return this.#purge({ paths: [this.#path(key)] }, false);
  }

  /** Makes one key stale everywhere, as `stale` allows. Rejects if the purge is not accepted. */
  async expire(key: K): Promise<PurgeReceipt> {
    return this.#purge({ paths: [this.#path(key)] }, true);
  }

  /** Purges the whole namespace everywhere. Rejects if the purge is not accepted. */
  async clear(): Promise<PurgeReceipt> {
    return this.#purge({ prefixes: [this.#space.name] }, false);
  }

  /** Calls `clear`. */
  bump(): Promise<PurgeReceipt> {
    return this.clear();
  }

  /** Returns a function like `work` whose results are stored. `key` derives keys from arguments. */
  wrap<Sent extends readonly unknown[]>(
    work: (...sent: Sent) => T | null | Promise<T | null>,
    { key }: { readonly key: (...sent: Sent) => K },
  ): (...sent: Sent) => Promise<Frozen<T> | null> {
    return async (...sent) => this.getOrSet(key(...sent), () => work(...sent));
  }

  #ownLoad(): LoadMany<unknown> {
    const { load, name } = this.#space;
    if (load !== undefined) return load;
    throw new OperatorError({
      what: `Nothing can be loaded for the namespace ${name}.`,
      why: "Neither the call nor the namespace has a load.",
      hint: "Pass a function to getOrSet, or set the option load of the namespace.",
    });
  }

  /** @throws the error of the load */
  #handedOut(given: CallResult | undefined, ports: NamespacePorts): Frozen<T> | null | undefined {
    const { name, codec } = this.#space;
    // Hits are counted when they are found.
    const isHit = given?.kind === "value" && given.by === "hit";
    if (!isHit) ports.counts.answered(name, given);
    if (given === undefined) return undefined;
    if (given.kind === "error") throw given.error;
    return valueOf(given.metadata, codec) as Frozen<T> | null;
  }

  async #purge(named: Parameters<typeof targetsOf>[0], isSoft: boolean): Promise<PurgeReceipt> {
    return this.#portsOf().purge({ targets: targetsOf(named), isSoft, reason: "" });
  }

  #path(key: K): string {
    return placeOf(this.#space, key, "").path;
  }
}
