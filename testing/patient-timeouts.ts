// Lengthens time-outs of the product, for suites that do not test time-outs.
import { afterAll, beforeAll, vi } from "vitest";
import { LatencyBound } from "../src/redis/latency-bound.ts";

/** Lengthens the time-outs, because a real database on a busy machine may exceed them. */
export function lengthenTimeouts(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  beforeAll(() => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => timeout(30 * ms));
    vi.spyOn(LatencyBound.prototype, "timeoutMs", "get").mockReturnValue(10_000);
  });
  afterAll(() => void vi.restoreAllMocks());
}
