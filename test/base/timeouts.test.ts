// The timers of waits: on Node each ends with its wait, and on Workers some stay for their request.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function timeoutsOn(runtime: string) {
  vi.resetModules();
  if (runtime === "workerd") vi.stubGlobal("WebSocketPair", Object);
  return import("../../src/base/timeouts.ts");
}

describe("a wait that has ended", () => {
  it.each([
    { runtime: "workerd", isOneOfFew: true, timerCount: 1 },
    { runtime: "workerd", isOneOfFew: false, timerCount: 0 },
    { runtime: "node", isOneOfFew: true, timerCount: 0 },
  ])("leaves $timerCount timers: $runtime, $isOneOfFew", async (given) => {
    const { within, OutOfTime } = await timeoutsOn(given.runtime);
    expect(await within(Promise.resolve("here"), 1_000, given.isOneOfFew)).toBe("here");
    expect(vi.getTimerCount()).toBe(given.timerCount);
    await vi.advanceTimersByTimeAsync(1_000);
    const late = within(new Promise(() => undefined), 1_000, given.isOneOfFew);
    const failure = late.catch((cause: unknown) => cause);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await failure).toBeInstanceOf(OutOfTime);
    expect(vi.getTimerCount()).toBe(0);
  });
});
