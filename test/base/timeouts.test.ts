// The timers of waits: on Node each ends with its wait, and on Workers some stay for their request.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
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

describe("timers that stay on Workers", () => {
  it("retain no result", async () => {
    const { within } = await timeoutsOn("workerd");
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const waited = async () => new WeakRef(await within(Promise.resolve({}), 1_000, true));
    const result = await waited();
    // A target is kept until the end of the turn that reads or creates the reference.
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(result.deref()).toBeUndefined();
  });

  it("are those of the first 1,000 calls to stores, and none of slices", async () => {
    await timeoutsOn("workerd");
    const { BoundedCalls } = await import("../../src/remote/bounded-calls.ts");
    const { inInvocation } = await import("../../src/remote/invocation.ts");
    const { wholeSlice } = await import("../../src/slices/fit.ts");
    const calls = new BoundedCalls({ nowAtMs: Date.now, about: "A store", event: "r2" });
    await inInvocation(async () => {
      for (let nth = 0; nth < 1_500; nth += 1) await calls.answered(async () => nth, 1_000);
    });
    expect(vi.getTimerCount()).toBe(1_000);
    const body = new Blob(["slice"]).stream();
    expect(await wholeSlice(body, { firstByte: 0, lastByte: 4 })).toBeInstanceOf(Blob);
    expect(vi.getTimerCount()).toBe(1_000);
  });
});
