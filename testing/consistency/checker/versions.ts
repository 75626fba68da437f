// Finds the newest version of a page at a time, and the time at which a version was replaced.
import type { Write } from "./operations.ts";

export class Versions {
  readonly #writtenAtMs = new Map<string, number[]>();

  /** @param writes sorted by time; each write increments the version of its page, from 2 */
  constructor(writes: readonly Write[]) {
    for (const { path, version, atMs } of writes) {
      const instants = this.#writtenAtMs.get(path) ?? [];
      if (version !== instants.length + 2) throw new Error(`${path} skipped a version.`);
      instants.push(atMs);
      this.#writtenAtMs.set(path, instants);
    }
  }

  /** Returns the version that the origin generated at this time. */
  at(path: string, atMs: number): number {
    const instants = this.#writtenAtMs.get(path) ?? [];
    let count = instants.length;
    while (count > 0 && (instants[count - 1] ?? 0) > atMs) count -= 1;
    return count + 1;
  }

  /** Returns the time at which the next version was written; `Infinity` for the newest. */
  overtakenAtMs(path: string, version: number): number {
    return this.#writtenAtMs.get(path)?.[version - 1] ?? Infinity;
  }
}

/**
 * Returns the index of the first item for which `isBefore` is false. The items are sorted by it.
 */
export function firstIndex<T>(items: readonly T[], isBefore: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
