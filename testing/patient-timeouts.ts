// Time-outs of the product, made longer for a suite that tests none of them.
import { afterAll, beforeAll, vi } from "vitest";
import { LatencyBound } from "../src/redis/latency-bound.ts";

/** On a busy machine a real database may need longer than the product waits. */
export function lengthenTimeouts(): void {
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  beforeAll(() => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => timeout(30 * ms));
    vi.spyOn(LatencyBound.prototype, "timeoutMs", "get").mockReturnValue(10_000);
  });
  afterAll(() => void vi.restoreAllMocks());
}
