// Waits by timers: for a fixed time, or for a promise up to a limit.
import { nodeGlobals } from "./node-globals.ts";

const hooks = nodeGlobals.process?.getBuiltinModule?.("node:async_hooks");

/** The signal of the call for which this turn waits. */
const signals = hooks && new hooks.AsyncLocalStorage<AbortSignal>();

/** Lets a Node process end before the timer fires. */
export function unhold(timer: unknown): void {
  // On Workers, a timer is a number, and the runtime limits the time after the response.
  if (typeof timer === "object") (timer as { readonly unref?: () => void }).unref?.();
}

/** Resolves after `ms` milliseconds. Never rejects. */
export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves after all promises that this turn of the event loop settles; on Workers at once. */
export async function turnEnd(): Promise<void> {
  await new Promise<void>((resolve) => {
    const { process } = nodeGlobals;
    if (process === undefined) resolve();
    else process.nextTick(resolve);
  });
}

/** Like `pause`, but does not keep a Node process alive. */
export async function pauseUnheld(ms: number): Promise<void> {
  await new Promise((resolve) => {
    unhold(setTimeout(resolve, ms));
  });
}

/**
 * Retries until an attempt returns a value or the time is up. Makes at least one attempt.
 *
 * @param by.waitMs total time; with 0 or less, one attempt is made
 * @param by.pauseMs returns the length of the next pause
 * @returns `undefined` if no attempt returned a value. Rejects like `attempt`.
 */
export async function tryUntil<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  by: { waitMs: number; pauseMs: () => number; nowAtMs: () => number },
): Promise<T | undefined> {
  const { waitMs, pauseMs, nowAtMs } = by;
  const sinceAtMs = nowAtMs();
  for (let pausedMs = 0; ;) {
    const result = await attempt();
    if (result !== undefined) return result;
    // Attempts also take time. If the clock was set back, only the pauses are measured.
    const leftMs = waitMs - Math.max(pausedMs, nowAtMs() - sinceAtMs);
    if (leftMs <= 0) return undefined;
    const nextMs = Math.min(leftMs, pauseMs());
    await pause(nextMs);
    pausedMs += nextMs;
  }
}

/**
 * Waits up to `waitTimeoutMs` for a promise of another request. Never rejects.
 *
 * @returns `abandoned` if the promise rejects. The runtime rejects promises of a request that has
 *   ended
 */
export async function patiently<T>(
  promise: Promise<T>,
  waitTimeoutMs: number,
): Promise<T | "timed-out" | "abandoned"> {
  try {
    return await within(promise, waitTimeoutMs);
  } catch (cause) {
    return cause instanceof OutOfTime ? "timed-out" : "abandoned";
  }
}

/** A wait that exceeded its limit. */
export class OutOfTime extends Error {
  override readonly name = "TimeoutError";
}

/** A timer that fires so much too late shows that the process was busy with its own work. */
const lateMsMin = 50;

/**
 * Settles like the promise, or rejects with `OutOfTime` after `msMax` milliseconds. Once the caller of
 * `unlessAborted` has left, the timer does not keep a Node process alive.
 */
export function within<T>(promise: Promise<T>, msMax: number): Promise<T> {
  // `Promise.race` would add half of the timer's cost to each call of the Cache API.
  return new Promise((resolve, reject) => {
    const dueAtMs = performance.now() + msMax;
    const expire = () => reject(new OutOfTime());
    let timer = setTimeout(() => {
      const lateMs = performance.now() - dueAtMs;
      // The process was busy, so the answer may have arrived, and waits to be read.
      if (lateMs < lateMsMin) expire();
      else timer = setTimeout(expire, Math.min(lateMs, msMax));
    }, msMax);
    const signal = signals?.getStore();
    const leave = () => unhold(timer);
    if (signal?.aborted === true) leave();
    signal?.addEventListener("abort", leave, { once: true });
    const ending =
      <Given>(settle: (given: Given) => void) =>
      (given: Given) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        settle(given);
      };
    promise.then(ending(resolve), ending(reject));
  });
}

/**
 * Runs the work, and rejects with the signal's reason when the signal is aborted. Running work continues.
 * If the signal is aborted before the call, no work begins.
 */
export function unlessAborted<T>(
  work: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return work();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    const end = () => signal.removeEventListener("abort", abort);
    const working = signals === undefined ? work() : signals.run(signal, work);
    working.then(resolve, reject).finally(end);
  });
}
