// Measures the memory of an isolate as the runtime counts it towards the platform's limit.
import type { Inspector } from "../load/inspector.ts";

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

/**
 * Returns the size of the JavaScript heap with the runtime's objects, and of the buffers outside
 * the heap.
 */
export async function heldBytes(inspector: Inspector): Promise<number> {
  const usage = await inspector.call<HeapUsage>("Runtime.getHeapUsage");
  return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
}

/**
 * @param wake sends any request to the Worker, because garbage is only collected during a request
 */
export async function collectGarbage(
  inspector: Inspector,
  wake: () => Promise<unknown>,
): Promise<void> {
  const collected = inspector.call("HeapProfiler.collectGarbage").then(() => true);
  while (!(await Promise.race([collected, wake().then(() => pause(50))])));
}

async function pause(ms: number): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return false;
}

/**
 * Samples the heap during work.
 *
 * @returns a function that ends the sampling, and returns the maximum
 */
export function watchPeak(inspector: Inspector, everyMs: number): () => Promise<number> {
  let peakBytes = 0;
  const end = new AbortController();
  const watching = (async () => {
    while (!end.signal.aborted) {
      peakBytes = Math.max(peakBytes, await heldBytes(inspector));
      await pause(everyMs);
    }
  })();
  return async () => {
    end.abort();
    await watching;
    return peakBytes;
  };
}
