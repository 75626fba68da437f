// The public class of a namespace.
import type { TierName } from "../config/config.ts";
import { OperatorError } from "../base/operator-error.ts";
import { answered } from "./answer.ts";
import { answeredMany } from "./answer-many.ts";
import { valueOf } from "./value/data-record.ts";
import { type FieldPorts, Fields } from "./fields/fields.ts";
import type { Frozen } from "./value/frozen.ts";
import { type Key, targetsOf } from "./value/key.ts";
import { type Load, type LoadContext, type LoadMany } from "./value/load-context.ts";
import type { CallResult } from "./load/load-outcome.ts";
import { loadOne, type LoadingPorts } from "./load/loading.ts";
import { type Place, placeOf } from "./value/place.ts";
import type { OrderPurge, PurgeReceipt } from "./purge-data.ts";
import { DataSearch, isAnswer } from "./load/search.ts";
import type { Space } from "./value/space.ts";
import { checkDefined, valueOptionsOf, type SetOptions, setValue } from "./write/set-value.ts";
import { type Persist, type WritePorts, writeThrough } from "./write/write-through.ts";

/** The results for several keys. */
export interface ManyResult<T, K extends Key> {
  /** `null` if the source has no value. */
  readonly values: ReadonlyMap<K, Frozen<T> | null>;
  /** The errors of keys whose load failed without a stale value that may answer. */
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
   * @param options.forceFresh loads even if a value is stored, or another call loads it
   * @returns the frozen value; `null` if the source has none. Rejects with the error of the load, unless a
   *   stale value may answer
   */
  async getOrSet(
    key: K,
    load?: Load<T>,
    options: { readonly forceFresh?: boolean } = {},
  ): Promise<Frozen<T> | null> {
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    const asked = load === undefined ? this.#ownLoad() : ofOne(load);
    const given =
      options.forceFresh === true
        ? await loadOne({ place, load: asked, older: undefined, isForced: true }, ports)
        : await answered({ place, load: asked, isLookOnly: false }, ports);
    return this.#handedOut(given, ports) ?? null;
  }

  /**
   * Returns several values: one command to Redis, one load for all missing keys, and one round trip to
   * store their values. If the load of one key fails, the others are not affected.
   *
   * @param load default: the load of the namespace
   */
  async getOrSetMany(keys: readonly K[], load?: LoadMany<T, K>): Promise<ManyResult<T, K>> {
    const ports = this.#portsOf();
    const places = this.#places(keys, ports);
    // The load gets the keys exactly as its own caller wrote them.
    const asked = load === undefined ? this.#ownLoad() : (load as unknown as LoadMany<unknown>);
    const how = { load: asked, isLookOnly: false };
    const given = await answeredMany([...places.keys()], how, ports);
    const values = new Map<K, Frozen<T> | null>();
    const errors = new Map<K, unknown>();
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

  /** Returns the stored value; `undefined` if none may answer. A stale value is refreshed behind the answer. */
  async get(key: K): Promise<Frozen<T> | null | undefined> {
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    const { load } = this.#space;
    return this.#handedOut(await answered({ place, load, isLookOnly: true }, ports), ports);
  }

  /** Returns the stored values, by one command to Redis. */
  async getMany(keys: readonly K[]): Promise<ReadonlyMap<K, Frozen<T> | null>> {
    const ports = this.#portsOf();
    const places = this.#places(keys, ports);
    const how = { load: this.#space.load, isLookOnly: true };
    const given = await answeredMany([...places.keys()], how, ports);
    const values = new Map<K, Frozen<T> | null>();
    for (const [at, names] of [...places.values()].entries()) {
      for (const name of names) {
        const value = this.#handedOut(given[at], ports);
        if (value !== undefined) values.set(name, value);
      }
    }
    return values;
  }

  /** Tells whether `get` would return a value or `null`. */
  async has(key: K): Promise<boolean> {
    const ports = this.#portsOf();
    return isAnswer(await new DataSearch(placeOf(this.#space, key, ports.host), ports).found());
  }

  /**
   * Stores a value that the application has just produced. Later purges cover it. A value that was read from a
   * source before this call may be older than a purge since then: use `getOrSet` for it.
   *
   * @returns the tiers that hold it, after the writes
   * @throws OperatorError for a value that cannot be stored
   */
  async set(key: K, value: T | null, options: SetOptions = {}): Promise<readonly TierName[]> {
    checkDefined(value, this.#space.name);
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    return setValue({ place, value, said: valueOptionsOf(options) }, ports);
  }

  /**
   * Writes through: first to the application's database by `persist`, then to the tiers. Purges the older value
   * of the key everywhere, even if `persist` fails.
   *
   * @param value the value that `persist` writes; `null` if it removes the value
   * @returns the tiers that hold it; none if another write or a purge happened at the same time
   * @throws OperatorError for a value that cannot be stored, before anything is written. Also if the value was
   *   written, but the journal did not accept its purge. Otherwise the error of `persist`
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
    return writeThrough({ place, value, said: valueOptionsOf(options) }, persist, ports);
  }

  /**
   * Returns the fields of this key: a Redis hash beside the value of the key.
   *
   * @throws OperatorError without a database
   */
  fields(key: K): Fields<T> {
    const ports = this.#portsOf();
    return new Fields<T>(placeOf(this.#space, key, ports.host), ports);
  }

  /** Purges one key everywhere. Rejects if the purge is not accepted. */
  async delete(key: K): Promise<PurgeReceipt> {
    return this.#purge({ paths: [this.#path(key)] }, false);
  }

  /** Makes one key stale everywhere, so that it answers only as `stale` allows. Rejects if not accepted. */
  async expire(key: K): Promise<PurgeReceipt> {
    return this.#purge({ paths: [this.#path(key)] }, true);
  }

  /** Purges the whole namespace everywhere. Rejects if the purge is not accepted. */
  bump(): Promise<PurgeReceipt> {
    return this.#purge({ prefixes: [this.#space.name] }, false);
  }

  /** Returns a function like `work` whose results are stored. `key` makes the key of its parameters. */
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

  /** Groups equal keys: each place once, with all its spellings. */
  #places(keys: readonly K[], { host }: NamespacePorts): Map<Place, K[]> {
    const byPath = new Map<string, { place: Place; names: K[] }>();
    for (const key of keys) {
      const place = placeOf(this.#space, key, host);
      const known = byPath.get(place.path);
      if (known === undefined) byPath.set(place.path, { place, names: [key] });
      else known.names.push(key);
    }
    return new Map([...byPath.values()].map(({ place, names }) => [place, names]));
  }
}

function ofOne<T>(load: Load<T>): LoadMany<unknown> {
  return async (keys, context) => {
    const loaded = new Map<Key, unknown>();
    for (const key of keys) loaded.set(key, await load(context.of(key) as LoadContext<T>));
    return loaded;
  };
}
