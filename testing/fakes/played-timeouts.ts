// Replaces the time-outs of requests with simulated time-outs, which end when a test's server
// simulates silence. The load of the machine then has no influence.
import { afterEach, beforeEach, vi } from "vitest";

interface Timeout {
  /** The end of the time-out, in milliseconds of simulated silence since the test's start. */
  readonly dueAtMs: number;
  readonly controller: AbortController;
  /** The address of the request. Absent before the request is sent. */
  url?: string;
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
    const { fetch } = globalThis;
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
      const timeout = running.find(({ controller }) => controller.signal === init?.signal);
      if (timeout !== undefined) timeout.url = input instanceof Request ? input.url : String(input);
      return fetch(input, init);
    });
  });
  afterEach(() => void vi.restoreAllMocks());
}

/**
 * Ends all time-outs of a server that are due within this silence, also those of answered requests.
 * A client of an earlier test file may still send requests to another server.
 *
 * @param ms the length of the silence; `Infinity` ends all time-outs
 * @param server the start of the requests' addresses
 * @returns the milliseconds that passed; for `Infinity`, until the end of the newest time-out
 */
export function passSilence(ms: number, server: string): number {
  const before = silentMs;
  const ends = ({ dueAtMs, url }: Timeout) => url?.startsWith(server) && dueAtMs <= before + ms;
  const ended = running.filter((timeout) => ends(timeout));
  running = running.filter((timeout) => !ended.includes(timeout));
  silentMs = Number.isFinite(ms) ? before + ms : Math.max(before, ended.at(-1)?.dueAtMs ?? 0);
  const error = new DOMException("The operation was aborted due to timeout", "TimeoutError");
  for (const { controller } of ended) controller.abort(error);
  return silentMs - before;
}
