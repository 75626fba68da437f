// Exports of `tidemark/keyv`: a namespace of data as the storage adapter of Keyv 5 and 6. The file imports no package.
import { OperatorError } from "../base/operator-error.ts";
import type { Namespace } from "../data/namespace.ts";
import type { CallOptions, Load, LoadContext } from "../data/value/load-context.ts";
import { copyOf } from "../data/value/frozen.ts";
import type { Key } from "../data/value/data-key.ts";
import { segmentOf } from "./library-key.ts";

/** A value to store, as Keyv passes it. */
export interface KeyvStoreEntry {
  readonly key: string;
  /** Keyv passes text, and without serialization an object. */
  readonly value: unknown;
  /** Keyv 6: epoch milliseconds. Default: the lifetime is `fresh` of the namespace. */
  readonly expires?: number | undefined;
  /** Keyv 5: milliseconds. */
  readonly ttl?: number | undefined;
}

/** The members of a Keyv that `cached` uses. */
export interface KeyvOverStore {
  readonly store: unknown;
  readonly ttl?: number | undefined;
  readonly sanitize?: { readonly enabled: boolean; cleanKey(key: string): string };
  encode(data: { value: unknown; expires?: number | undefined }): Promise<unknown>;
  decode(data: unknown): Promise<{ readonly value?: unknown } | undefined>;
}

/**
 * Returns a storage adapter for Keyv.
 *
 * `fresh` of the namespace is the lifetime of values without a `ttl`. Keyv does not say when the load of a
 * value began, so a purge during the load does not cover the value: use `cached`. `stale` applies only to
 * values of `cached`, because Keyv cannot refresh others behind an answer.
 *
 * @example
 * const keyv = new Keyv({ store: keyvStore(data.namespace("keyv", { fresh: "1d" })) });
 */
export function keyvStore(namespace: Namespace<unknown>): KeyvStore {
  return new KeyvStore(namespace);
}

/** The storage adapter. The library sets its `namespace`. */
export class KeyvStore {
  namespace: string | undefined = undefined;
  readonly #values: Namespace<unknown>;
  /** Whether the library passes the time of expiry, as Keyv 6 does, and not a lifetime, as Keyv 5 does. */
  #getsExpiry = false;

  constructor(values: Namespace<unknown>) {
    this.#values = values;
  }

  /** Tells Keyv 6 that `set` accepts the time of expiry. Keyv 5 reads no capabilities. */
  get capabilities() {
    this.#getsExpiry = true;
    return { expires: true };
  }

  /** Returns a copy, because without serialization, Keyv passes the object to the application. */
  async get(key: string): Promise<unknown> {
    return copyOf(await this.#values.get(this.#keyOf(key))) ?? undefined;
  }

  async getMany(keys: readonly string[]): Promise<unknown[]> {
    const found = await this.#values.getMany(keys.map((key) => this.#keyOf(key)));
    return keys.map((key) => copyOf(found.get(this.#keyOf(key))) ?? undefined);
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined);
  }

  /**
   * Stores a value everywhere. A value that has expired is deleted.
   *
   * @param until from Keyv 6 epoch milliseconds, from Keyv 5 milliseconds from now
   * @throws OperatorError if the value cannot be stored, or the purge of older values is not accepted
   */
  async set(key: string, value: unknown, until?: number): Promise<boolean> {
    const sinceAtMs = this.#getsExpiry ? Date.now() : 0;
    const fresh = Number.isFinite(until) ? Number(until) - sinceAtMs : undefined;
    if (fresh !== undefined && fresh <= 0) await this.#values.delete(this.#keyOf(key));
    else await this.#values.set(this.#keyOf(key), value, { fresh, stale: 0, tags: [] });
    return true;
  }

  async setMany(entries: readonly KeyvStoreEntry[]): Promise<boolean[]> {
    return Promise.all(
      entries.map(({ key, value, expires, ttl }) => this.set(key, value, expires ?? ttl)),
    );
  }

  /** Purges a key everywhere. Returns whether it had a value. */
  async delete(key: string): Promise<boolean> {
    const had = await this.has(key);
    await this.#values.delete(this.#keyOf(key));
    return had;
  }

  /** Returns one result for each key to Keyv 6, and one for all to Keyv 5. */
  async deleteMany(keys: readonly string[]): Promise<boolean[] | boolean> {
    const had = await Promise.all(keys.map((key) => this.delete(key)));
    return this.#getsExpiry ? had : had.every(Boolean);
  }

  /** Purges the values of Keyv's namespace; without one, all values of the namespace of data. */
  async clear(): Promise<void> {
    const { namespace } = this;
    await this.#values.clear(namespace === undefined ? undefined : [segmentOf(namespace)]);
  }

  /** Returns the stored value, or stores the result of the load, as `getOrSet` of a namespace. */
  async getOrSet(key: string, load: Load<unknown>, options?: CallOptions): Promise<unknown> {
    return copyOf(await this.#values.getOrSet(this.#keyOf(key), load, options));
  }

  /** @throws OperatorError always: the tiers have no list of keys */
  iterator(): never {
    throw new OperatorError({
      what: "This Keyv cannot iterate.",
      why: "The cache has no list of its keys, so an iteration would be empty.",
      hint: "Keep the keys in your own database. clear() purges the values of all keys.",
    });
  }

  #keyOf(key: string): Key {
    const { namespace } = this;
    return namespace === undefined ? [segmentOf(key)] : [segmentOf(namespace), segmentOf(key)];
  }
}

/**
 * Returns the value of a Keyv whose store is `keyvStore`, or loads and stores it. A purge during the load
 * covers the value. Concurrent calls share one load. `undefined` is not stored.
 *
 * @param ttl in milliseconds; default: that of the Keyv
 * @throws the error of the load; OperatorError if the Keyv has another store
 * @example
 * const article = await cached(keyv, "42", () => readArticle(42), 60_000);
 */
export async function cached<Value>(
  keyv: KeyvOverStore,
  key: string,
  load: () => Value | Promise<Value>,
  ttl: number | undefined = keyv.ttl,
): Promise<Value> {
  const { store, sanitize } = keyv;
  if (!(store instanceof KeyvStore) || sanitize === undefined) throw otherStore();
  const fresh = ttl !== undefined && ttl > 0 && Number.isFinite(ttl) ? ttl : undefined;
  const name = sanitize.enabled ? sanitize.cleanKey(key) : key;
  const loadEncoded = async ({ skip }: Pick<LoadContext<unknown>, "skip">) => {
    const value = await load();
    if (value === undefined) skip();
    return keyv.encode({ value, expires: fresh && Math.ceil(Date.now() + fresh) });
  };
  const decoded = await keyv.decode(await store.getOrSet(name, loadEncoded, { fresh }));
  return decoded === undefined ? load() : (decoded.value as Value);
}

function otherStore(): OperatorError {
  return new OperatorError({
    what: "cached() cannot store the value.",
    why: "The store of this Keyv is not that of keyvStore(), or the Keyv is not one of Keyv 6.",
    hint: "Create it with new Keyv({ store: keyvStore(namespace) }), or use getOrSet of the namespace.",
  });
}
