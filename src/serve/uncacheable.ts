// Keys whose responses just proved to be for one client alone: for a while they are neither looked
// up in the shared tier nor collapsed, since nobody could use what another is given.
import { LRUCache } from "lru-cache";

const keptMs = 10_000;
const keysMax = 4_096;

export class Uncacheable {
  readonly #untilAtMs = new LRUCache<string, number>({ max: keysMax });

  mark(key: string, atMs: number): void {
    this.#untilAtMs.set(key, atMs + keptMs);
  }

  has(key: string, atMs: number): boolean {
    return atMs < (this.#untilAtMs.get(key) ?? 0);
  }

  forget(key: string): void {
    this.#untilAtMs.delete(key);
  }
}
