// Tests the local cron trigger.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startCron } from "../../local/cron.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("fires once a minute, also after a run that failed, until it is stopped", async () => {
  const fireCron = vi.fn<() => Promise<void>>().mockRejectedValue(new Error("a failed run"));
  const cron = startCron({ fireCron });
  await vi.advanceTimersByTimeAsync(59_999);
  expect(fireCron).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(60_001);
  expect(fireCron).toHaveBeenCalledTimes(2);
  await cron.stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(fireCron).toHaveBeenCalledTimes(2);
});
