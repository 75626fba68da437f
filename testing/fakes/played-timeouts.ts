// Ends time-outs of requests while a test's server is silent, so that the machine's load does not
// matter.
import { afterEach, beforeEach, vi } from "vitest";

interface Timeout {
  readonly ms: number;
  readonly controller: AbortController;
}
let running: Timeout[] = [];

/** Enables simulated time-outs for all tests of a file. */
export function playTimeouts(): void {
  beforeEach(() => {
    running = [];
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      running.push({ ms, controller });
      return controller.signal;
    });
  });
  afterEach(() => void vi.restoreAllMocks());
}

/**
 * Ends all time-outs of at most this duration, including those of answered requests.
 *
 * @param ms `Infinity` ends all time-outs
 * @returns the milliseconds that passed; for `Infinity`, those of the newest time-out
 */
export function passSilence(ms: number): number {
  const ended = running.filter((timeout) => timeout.ms <= ms);
  running = running.filter((timeout) => timeout.ms > ms);
  const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
  for (const { controller } of ended) controller.abort(error);
  return Number.isFinite(ms) ? ms : (ended.at(-1)?.ms ?? 0);
}
