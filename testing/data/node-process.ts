// An application's cache of Node in this process, with a clock that a test can put forward, over a real Redis.
import "../fakes/workers-globals.ts";
import { createDataCache, type NodeCacheOptions } from "../../src/node/create-data-cache.ts";

/** The machine's time, and what a test has added to it. */
export class AheadClock {
  #aheadMs = 0;
  readonly nowAtMs = (): number => Date.now() + this.#aheadMs;

  advance(seconds: number): void {
    this.#aheadMs += seconds * 1_000;
  }
}

/** @returns a cache, and what it has logged */
export function openProcess(options: NodeCacheOptions) {
  const log: string[] = [];
  const cache = createDataCache({ log: ({ message }) => void log.push(message), ...options });
  return { cache, log };
}

/** Asks until there is something: what was stored behind an answer is on its way. */
export async function untilFound<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const found = await ask();
    if (found !== undefined) return found;
  }
  throw new Error("What a test waited for was never found.");
}
