// What an isolate holds, as the runtime counts it towards the platform's bound.
import type { Inspector } from "../load/inspector.ts";

interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

/** The JavaScript heap, the runtime's objects in it, and buffers, which lie beside it. */
export async function heldBytes(inspector: Inspector): Promise<number> {
  const usage = await inspector.call<HeapUsage>("Runtime.getHeapUsage");
  return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
}

/** @param wake asks the Worker for anything: the collector runs when a request comes in */
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

/** Looks at the heap while work goes on. @returns what ends it, with the most that was seen */
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
