// Replaces the time-outs of requests with simulated time-outs, which end when a test's server
// simulates silence. The load of the machine then has no influence.
import { afterEach, beforeEach, vi } from "vitest";

interface Timeout {
  /** The end of the time-out, in milliseconds of simulated silence since the test's start. */
  readonly dueAtMs: number;
  readonly controller: AbortController;
}
let running: Timeout[] = [];
let silentMs = 0;

/** Enables simulated time-outs for all tests of a file. */
export function playTimeouts(): void {
  beforeEach(() => {
    running = [];
    silentMs = 0;
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
      const controller = new AbortController();
      running.push({ dueAtMs: silentMs + ms, controller });
      return controller.signal;
    });
  });
  afterEach(() => void vi.restoreAllMocks());
}

/**
 * Ends all time-outs that are due within this silence, also those of answered requests.
 *
 * @param ms the length of the silence; `Infinity` ends all time-outs
 * @returns the milliseconds that passed; for `Infinity`, until the end of the newest time-out
 */
export function passSilence(ms: number): number {
  const before = silentMs;
  const ended = running.filter(({ dueAtMs }) => dueAtMs <= before + ms);
  running = running.filter(({ dueAtMs }) => dueAtMs > before + ms);
  silentMs = Number.isFinite(ms) ? before + ms : Math.max(before, ended.at(-1)?.dueAtMs ?? 0);
  const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
  for (const { controller } of ended) controller.abort(error);
  return silentMs - before;
}
