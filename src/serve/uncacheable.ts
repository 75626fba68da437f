// Keys whose responses just proved to be for one client alone: for a while they are neither looked
// up in the shared tier nor collapsed, since nobody could use what another is given.
import { LRUCache } from "lru-cache";
import { keyBytes } from "./key-bytes.ts";

const keptMs = 10_000;
/** Keys are the client's to choose, so what is kept of them is bounded in bytes. */
const keysBytesMax = 1_048_576;

export class Uncacheable {
  readonly #untilAtMs = new LRUCache<string, number>({
    maxSize: keysBytesMax,
    sizeCalculation: (_, key) => keyBytes(key),
  });

  mark(key: string, atMs: number): void {
    this.#untilAtMs.set(key, atMs + keptMs);
  }

  has(key: string, atMs: number): boolean {
    const leftMs = (this.#untilAtMs.get(key) ?? -Infinity) - atMs;
    // A clock that was set back must not lengthen it.
    return leftMs > 0 && leftMs <= keptMs;
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}
