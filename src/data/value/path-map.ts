// A map whose keys are keys of data. It also finds equal keys with another spelling.
import { type Key, pathOf } from "./key.ts";

/**
 * Finds the entry of `["a", "b"]` by any array of these segments and by `"a/b"`, like a namespace.
 */
export class PathMap<K extends Key, V> extends Map<K, V> {
  /** The keys by their paths; rebuilt when the map's size has changed. */
  #byPath: ReadonlyMap<string, K> | undefined;
  #sizeThen = 0;

  override get(key: K): V | undefined {
    return super.get(this.#own(key));
  }

  override has(key: K): boolean {
    return super.has(this.#own(key));
  }

  #own(key: K): K {
    if (super.has(key)) return key;
    if (this.#byPath === undefined || this.#sizeThen !== this.size) {
      this.#sizeThen = this.size;
      this.#byPath = new Map(Array.from(this.keys(), (own) => [pathOf("", own), own]));
    }
    return this.#byPath.get(pathOf("", key)) ?? key;
  }
}
