// At most one run is in progress and one is queued. A run whose request has ended delays others
// only until the timeout.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { JoinedRuns } from "../../../src/purge/view/joined-runs.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";

const timeoutMs = 2_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const clock = new FakeClock();
  const gates: ReturnType<typeof closedGate>[] = [];
  const run = async () => {
    const gate = closedGate();
    gates.push(gate);
    await gate.opened;
  };
  const runs = new JoinedRuns({ nowAtMs: clock.nowAtMs, timeoutMs }, run);
  const pass = async (ms: number) => {
    clock.advance(ms / 1_000);
    await vi.advanceTimersByTimeAsync(ms);
  };
  const end = async (nth: number) => {
    gates[nth]?.open();
    await pass(0);
  };
  return { runs, gates, pass, end };
}

it("runs twice for a thousand requests at once", async () => {
  const { runs, gates, pass, end } = open();
  const asked = Array.from({ length: 1_000 }, () => runs.ask());
  await pass(0);
  expect(gates.length).toBe(1);
  for (const nth of [0, 1]) await end(nth);
  await Promise.all(asked);
  expect(gates.length).toBe(2);
});

it("makes a call wait for a queued run only if the call asks to", async () => {
  const { runs, pass, end } = open();
  void runs.ask();
  void runs.ask();
  const ended: string[] = [];
  void runs.ask().then(() => ended.push("does not wait"));
  void runs.ask({ waits: true }).then(() => ended.push("waits"));
  await pass(0);
  expect(ended).toEqual(["does not wait"]);
  for (const nth of [0, 1]) await end(nth);
  expect(ended).toEqual(["does not wait", "waits"]);
});

it("begins a run after every call", async () => {
  const { runs, gates, pass, end } = open();
  for (let at = 0; at < 5; at += 1) {
    void runs.ask();
    void runs.ask();
    await end(gates.length - 1);
    await pass(1);
  }
  const countBefore = gates.length;
  await end(countBefore - 1);
  expect([countBefore, gates.length]).toEqual([6, 6]);
});

it("waits at most the timeout for a run that does not end or does not begin", async () => {
  const { runs, gates, pass, end } = open();
  void runs.ask();
  void runs.ask();
  await pass(timeoutMs - 1);
  expect(gates.length).toBe(1);
  await pass(1);
  expect(gates.length).toBe(2);
  void runs.ask();
  vi.clearAllTimers();
  await pass(timeoutMs + 1);
  expect(gates.length).toBe(2);
  void runs.ask();
  expect(gates.length).toBe(3);
  // The queued call, which another has replaced, learns late that its run may begin.
  await end(1);
  expect(gates.length).toBe(3);
  void runs.ask();
  expect(gates.length).toBe(3);
  await end(2);
  expect(gates.length).toBe(4);
});

it("begins a run at once after the last run has ended", async () => {
  const { runs, gates, end } = open();
  void runs.ask();
  await end(0);
  void runs.ask();
  expect(gates.length).toBe(2);
});

it("rejects only the calls that ran", async () => {
  const run = vi.fn<() => Promise<void>>(() => Promise.reject(new RangeError()));
  const runs = new JoinedRuns({ nowAtMs: new FakeClock().nowAtMs, timeoutMs }, run);
  const [first, second, third] = [runs.ask(), runs.ask(), runs.ask()];
  await expect(third).resolves.toBeUndefined();
  await expect(first).rejects.toThrow(RangeError);
  await expect(second).rejects.toThrow(RangeError);
  expect(run).toHaveBeenCalledTimes(2);
});
