// Waits by timers: for an instant, or for what another request has under way and no longer.

/** Settles after that many milliseconds; never rejects. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** The same for work that nobody depends on: a process on Node that has nothing else to do ends without it. */
export async function pauseUnheld(ms: number): Promise<void> {
  await new Promise((resolve) => {
    // On Workers a timer is a number, and the runtime bounds what outlasts an answer.
    const timer = setTimeout(resolve, ms) as number | { readonly unref?: () => void };
    if (typeof timer === "object") timer.unref?.();
  });
}

/**
 * Tries until something comes of it, or the time is over. It is tried once at the least.
 *
 * @param by.waitMs  how long in all; 0 and less: one try
 * @param by.pauseMs how long until the next try; asked before each
 * @returns `undefined` if nothing has come. Rejects as `attempt` does.
 */
export async function tryUntil<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  by: { waitMs: number; pauseMs: () => number; nowAtMs: () => number },
): Promise<T | undefined> {
  const { waitMs, pauseMs, nowAtMs } = by;
  const sinceAtMs = nowAtMs();
  for (let pausedMs = 0; ;) {
    const came = await attempt();
    if (came !== undefined) return came;
    // A try takes its time too, and a clock that was set back tells of no time.
    const leftMs = waitMs - Math.max(pausedMs, nowAtMs() - sinceAtMs);
    if (leftMs <= 0) return undefined;
    const nextMs = Math.min(leftMs, pauseMs());
    await pause(nextMs);
    pausedMs += nextMs;
  }
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
  try {
    return await within(promise, patienceMs);
  } catch (cause) {
    return cause instanceof OutOfTime ? "out-of-patience" : "abandoned";
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
