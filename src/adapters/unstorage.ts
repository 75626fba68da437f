// Exports of `tidemark/unstorage`: a namespace of data as a driver of unstorage, which Nitro also uses. The file
// imports no package.
import type { Namespace } from "../data/namespace.ts";
import { copyOf } from "../data/value/frozen.ts";
import type { Key } from "../data/value/data-key.ts";
import { segmentsOf } from "./library-key.ts";

/** The options of one call that the driver knows. */
interface TransactionOptions {
  /** In seconds. */
  readonly ttl?: number | undefined;
}

/** A driver of unstorage. */
export interface UnstorageDriver {
  readonly name: string;
  hasItem(key: string): Promise<boolean>;
  getItem(key: string): Promise<string | null>;
  getItemRaw(key: string): Promise<unknown>;
  setItem(key: string, value: string, options?: TransactionOptions): Promise<void>;
  setItemRaw(key: string, value: unknown, options?: TransactionOptions): Promise<void>;
  removeItem(key: string): Promise<void>;
  /** Returns no keys, because a cache does not list its keys. */
  getKeys(): Promise<string[]>;
  /** Purges the whole namespace: unstorage clears only whole drivers. */
  clear(): Promise<void>;
}

/** The limit of `ttl`: a year, in seconds. */
const ttlMax = 31_536_000;

/**
 * Returns a driver. `fresh` of the namespace is the lifetime of items without a `ttl`. `stale` does not apply, because
 * unstorage cannot refresh an item behind an answer.
 *
 * Unstorage does not say when the load of an item began, so a purge during the load does not cover the item.
 *
 * @example
 * const storage = createStorage({ driver: unstorageDriver(data.namespace("nitro", { fresh: "1d" })) });
 */
export function unstorageDriver(namespace: Namespace<unknown>): UnstorageDriver {
  const itemOf = async (key: string) => copyOf(await namespace.get(keyOf(key))) ?? null;
  const set = async (key: string, value: unknown, { ttl }: TransactionOptions = {}) => {
    const hasTtl = ttl !== undefined && ttl > 0;
    const fresh = hasTtl ? Math.min(ttl, ttlMax) * 1_000 : undefined;
    await namespace.set(keyOf(key), value, { fresh, stale: 0, tags: [] });
  };
  return {
    name: "tidemark",
    hasItem: (key) => namespace.has(keyOf(key)),
    getItem: async (key) => (await itemOf(key)) as string | null,
    getItemRaw: itemOf,
    setItem: set,
    setItemRaw: set,
    removeItem: async (key) => void (await namespace.delete(keyOf(key))),
    getKeys: async () => [],
    clear: async () => void (await namespace.clear()),
  };
}

/** Returns the key as a path: unstorage separates segments by colons. */
function keyOf(key: string): Key {
  return segmentsOf(key.split(":"));
}
