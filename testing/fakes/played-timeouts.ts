// Time-outs of requests that end when a test's server is silent for so long: how busy the machine is
// decides nothing.
import { afterEach, beforeEach, vi } from "vitest";

interface Timeout {
  readonly ms: number;
  readonly controller: AbortController;
}
let running: Timeout[] = [];

/** For all tests of a file. */
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
 * Ends the time-outs of so many milliseconds or less. Those of answered requests are among them.
 *
 * @param ms `Infinity`: until the newest request's has ended
 * @returns how many milliseconds have passed
 */
export function passSilence(ms: number): number {
  const ended = running.filter((timeout) => timeout.ms <= ms);
  running = running.filter((timeout) => timeout.ms > ms);
  const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
  for (const { controller } of ended) controller.abort(error);
  return Number.isFinite(ms) ? ms : (ended.at(-1)?.ms ?? 0);
}
