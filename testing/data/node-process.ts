// Opens a cache for Node in this process over a real Redis, and a clock that a test can advance.
import "../fakes/workers-globals.ts";
import { createDataCache, type NodeCacheOptions } from "../../src/data/node/node-data-cache.ts";

/** The machine's time plus the test's offset. */
export class AheadClock {
  #aheadMs = 0;
  readonly nowAtMs = (): number => Date.now() + this.#aheadMs;

  advance(seconds: number): void {
    this.#aheadMs += seconds * 1_000;
  }
}

/** @returns a cache, and its log lines */
export function openProcess(options: NodeCacheOptions) {
  const log: string[] = [];
  const cache = createDataCache({ log: ({ message }) => void log.push(message), ...options });
  return { cache, log };
}

/** Calls `ask` until it returns a value, because background work stores the value. */
export async function untilFound<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = await ask();
    if (found !== undefined) return found;
  }
  throw new Error("The value was not found in 1,000 tries.");
}
