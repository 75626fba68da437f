// Waits by timers: for an instant, or for what another request has under way and no longer.

/** Settles after that many milliseconds; never rejects. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * @param promise of another request
 * @returns `abandoned`: that request has ended, and the runtime has broken its promises. Never
 *   rejects.
 */
export async function patiently<T>(
  promise: Promise<T>,
  patienceMs: number,
): Promise<T | "out-of-patience" | "abandoned"> {
  const { promise: end, resolve } = Promise.withResolvers<"out-of-patience">();
  const timer = setTimeout(() => resolve("out-of-patience"), patienceMs);
  try {
    return await Promise.race([promise, end]);
  } catch {
    return "abandoned";
  } finally {
    clearTimeout(timer);
  }
}

/** What was waited for under a bound has not come. */
export class OutOfTime extends Error {
  override readonly name = "TimeoutError";
}

/** Settles as the promise does, or rejects with `OutOfTime`: what comes after that is ignored. */
export function within<T>(promise: Promise<T>, msMax: number): Promise<T> {
  // No race: its promises would cost each call of the Cache API half as much again as its timer does.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new OutOfTime()), msMax);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
