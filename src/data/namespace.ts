// A namespace of data, as an application uses it.
import type { TierName } from "../config/config.ts";
import { OperatorError } from "../base/operator-error.ts";
import { answered } from "./answer.ts";
import { answeredMany } from "./answer-many.ts";
import { valueOf } from "./value/data-record.ts";
import { type FieldPorts, Fields } from "./fields/fields.ts";
import type { Frozen } from "./value/frozen.ts";
import { type Key, targetsOf } from "./value/key.ts";
import { type Load, type LoadContext, type LoadMany } from "./value/load-context.ts";
import type { Given } from "./load/load-outcome.ts";
import { loadOne, type LoadingPorts } from "./load/loading.ts";
import { type Place, placeOf } from "./value/place.ts";
import type { OrderPurge, Purged } from "./purge-data.ts";
import { DataSearch, isAnswer } from "./load/search.ts";
import type { Space } from "./value/space.ts";
import { checkDefined, saidIn, type SetOptions, setValue } from "./write/set-value.ts";
import { type Persist, type WritePorts, writeThrough } from "./write/write-through.ts";

/** The results for several keys. */
export interface ManyResult<T, K extends Key> {
  /** `null` where the source has said that there is no value. */
  readonly values: ReadonlyMap<K, Frozen<T> | null>;
  /** Of each key whose load has failed, and for which nothing stale could answer. */
  readonly errors: ReadonlyMap<K, unknown>;
}

/** What a namespace works with, beside its own options. */
export type NamespacePorts = LoadingPorts &
  WritePorts &
  FieldPorts & {
    /** Below which the Cache API keeps values. */
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

  /** @param portsOf called at each use: the cache begins with the first */
  constructor(space: Space, portsOf: () => NamespacePorts) {
    this.#space = space;
    this.#portsOf = portsOf;
  }

  /**
   * The stored value, or else the result of the load. Calls at the same time share one load.
   *
   * @param load the namespace's own unless given
   * @param options.forceFresh loads it even if a value is stored, or another call loads it
   * @returns frozen; `null` where the source has said that there is no value. Rejects with the error of
   *   the load, unless a stale value may answer
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
   * The same for several keys: one command to Redis, one load for all missing keys, and one round trip to
   * store their values. If the load of one key fails, the others are not affected.
   *
   * @param load the namespace's own unless given
   */
  async getOrSetMany(keys: readonly K[], load?: LoadMany<T, K>): Promise<ManyResult<T, K>> {
    const ports = this.#portsOf();
    const places = this.#places(keys, ports);
    // Each load is given the very keys that its own caller has named.
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

  /** @returns `undefined` if no stored value may answer. A stale value is loaded anew behind it */
  async get(key: K): Promise<Frozen<T> | null | undefined> {
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    const { load } = this.#space;
    return this.#handedOut(await answered({ place, load, isLookOnly: true }, ports), ports);
  }

  /** Those that are stored, by one command to Redis. */
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

  /** Would `get` return a value, or `null`? */
  async has(key: K): Promise<boolean> {
    const ports = this.#portsOf();
    return isAnswer(await new DataSearch(placeOf(this.#space, key, ports.host), ports).found());
  }

  /**
   * Stores a value that the application has at hand. A purge from now on covers it. A value that was read
   * from a source before this call may be older than a purge that came since: use `getOrSet` for it.
   *
   * @returns the tiers that keep it, once they do
   * @throws OperatorError for a value that cannot be stored
   */
  async set(key: K, value: T | null, options: SetOptions = {}): Promise<readonly TierName[]> {
    checkDefined(value, this.#space.name);
    const ports = this.#portsOf();
    const place = placeOf(this.#space, key, ports.host);
    return setValue({ place, value, said: saidIn(options) }, ports);
  }

  /**
   * Writes through: to the database of the application by `persist`, then to the tiers. The key's older value
   * is purged everywhere, even if `persist` fails.
   *
   * @param value the value that `persist` writes; `null` if it removes the value
   * @returns the tiers that keep it; none if another write or a purge came between
   * @throws OperatorError for a value that cannot be stored: nothing is written then; and where the value
   *   was written, and the journal did not take its purge. Else what `persist` throws
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
    return writeThrough({ place, value, said: saidIn(options) }, persist, ports);
  }

  /**
   * The fields of a hash that stands beside the values: parts of what is stored under this key.
   *
   * @throws OperatorError without a database
   */
  fields(key: K): Fields<T> {
    const ports = this.#portsOf();
    return new Fields<T>(placeOf(this.#space, key, ports.host), ports);
  }

  /** Purges one key, everywhere. Rejects if the purge is not accepted. */
  async delete(key: K): Promise<Purged> {
    return this.#purge({ paths: [this.#path(key)] }, false);
  }

  /** Makes one key stale, everywhere: it may answer as `stale` allows. Rejects if that is not accepted. */
  async expire(key: K): Promise<Purged> {
    return this.#purge({ paths: [this.#path(key)] }, true);
  }

  /** Purges all of the namespace, everywhere. Rejects if the purge is not accepted. */
  bump(): Promise<Purged> {
    return this.#purge({ prefixes: [this.#space.name] }, false);
  }

  /** @returns a function like `work`. Its results are stored under the key that `key` makes of its parameters */
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
      mend: "Hand getOrSet a function, or give the namespace the option load.",
    });
  }

  /** @throws the error of a load */
  #handedOut(given: Given | undefined, { counts }: NamespacePorts): Frozen<T> | null | undefined {
    const { name, codec } = this.#space;
    // A hit was counted as it was found.
    const isHit = given?.kind === "value" && given.by === "hit";
    if (!isHit) counts.answered(name, given);
    if (given === undefined) return undefined;
    if (given.kind === "error") throw given.error;
    return valueOf(given.metadata, codec) as Frozen<T> | null;
  }

  async #purge(named: Parameters<typeof targetsOf>[0], isSoft: boolean): Promise<Purged> {
    return this.#portsOf().purge({ targets: targetsOf(named), isSoft, reason: "" });
  }

  #path(key: K): string {
    return placeOf(this.#space, key, "").path;
  }

  /** Each key once, with all that it was called. */
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
