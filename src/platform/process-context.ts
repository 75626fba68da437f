// The execution context of all requests to a server on Node, whose process outlives each request.
import type { Background } from "./platform.ts";

/** Background work that requests have started, and that has not ended. */
const pending = new Set<Promise<unknown>>();

/**
 * The context for `createWorker(…).fetch(request, env, context, server)` on Node. `tidemark` uses it by
 * itself. Failures of background work are logged at their source.
 */
export const context: Background & {
  readonly passThroughOnException: () => void;
  readonly props: object;
} = {
  waitUntil(work: Promise<unknown>): void {
    pending.add(work);
    const end = () => void pending.delete(work);
    work.then(end, end);
  },
  passThroughOnException: (): void => undefined,
  props: {},
};

/**
 * Resolves when the background work of all requests and data caches has ended, such as writes to Redis.
 * Never rejects. Call it when the server has closed, before you close the connection to Redis.
 *
 * @example server.close(() => settled().then(() => connection.quit()));
 */
export async function settled(): Promise<void> {
  // The timers of background work keep no process alive, and neither does a database over HTTP.
  const alive = setInterval(() => undefined, 60_000);
  while (pending.size > 0) await Promise.allSettled(pending);
  clearInterval(alive);
}
