// Which version of a page was the newest at an instant, and when a version was overtaken.
import type { Write } from "./operations.ts";

export class Versions {
  readonly #writtenAtMs = new Map<string, number[]>();

  /** @param writes in the order of their instants; each raises its page's version by one */
  constructor(writes: readonly Write[]) {
    for (const { path, version, atMs } of writes) {
      const instants = this.#writtenAtMs.get(path) ?? [];
      if (version !== instants.length + 2) throw new Error(`${path} skipped a version.`);
      instants.push(atMs);
      this.#writtenAtMs.set(path, instants);
    }
  }

  /** The version that the origin generated at that instant. */
  at(path: string, atMs: number): number {
    const instants = this.#writtenAtMs.get(path) ?? [];
    let count = instants.length;
    while (count > 0 && (instants[count - 1] ?? 0) > atMs) count -= 1;
    return count + 1;
  }

  /** When the next version was written; `Infinity` for the newest. */
  overtakenAtMs(path: string, version: number): number {
    return this.#writtenAtMs.get(path)?.[version - 1] ?? Infinity;
  }
}
