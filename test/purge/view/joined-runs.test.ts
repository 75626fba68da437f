// One run under way and one queued, whoever asks, and also if a request takes its run with it.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { JoinedRuns } from "../../../src/purge/view/joined-runs.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";

const waitTimeoutMs = 2_000;

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
  const runs = new JoinedRuns({ run, nowAtMs: clock.nowAtMs, waitTimeoutMs });
  const pass = async (ms: number) => {
    clock.advance(ms / 1_000);
    await vi.advanceTimersByTimeAsync(ms);
  };
  return { runs, gates, pass };
}

it("runs twice for a thousand who ask at once", async () => {
  const { runs, gates, pass } = open();
  const asked = Array.from({ length: 1_000 }, () => runs.ask());
  await pass(0);
  expect(gates.length).toBe(1);
  gates[0]?.open();
  await pass(0);
  gates[1]?.open();
  await Promise.all(asked);
  expect(gates.length).toBe(2);
});

it("is waited for by whoever says so, also where another has queued it", async () => {
  const { runs, gates, pass } = open();
  void runs.ask();
  void runs.ask();
  const ended: string[] = [];
  void runs.ask().then(() => ended.push("does not wait"));
  void runs.ask({ waits: true }).then(() => ended.push("waits"));
  await pass(0);
  expect(ended).toEqual(["does not wait"]);
  for (const at of [0, 1]) {
    gates[at]?.open();
    await pass(0);
  }
  expect(ended).toEqual(["does not wait", "waits"]);
});

it("begins a run after every call", async () => {
  const { runs, gates, pass } = open();
  for (let at = 0; at < 5; at += 1) {
    void runs.ask();
    void runs.ask();
    gates.at(-1)?.open();
    await pass(1);
  }
  const countBefore = gates.length;
  gates.at(-1)?.open();
  await pass(1);
  expect([countBefore, gates.length]).toEqual([6, 6]);
});

it("waits for a run that never ends, or for one that never begins, no longer than allowed", async () => {
  const { runs, gates, pass } = open();
  void runs.ask();
  void runs.ask();
  await pass(waitTimeoutMs - 1);
  expect(gates.length).toBe(1);
  await pass(1);
  expect(gates.length).toBe(2);
  void runs.ask();
  vi.clearAllTimers();
  await pass(waitTimeoutMs + 1);
  expect(gates.length).toBe(2);
  void runs.ask();
  expect(gates.length).toBe(3);
});

it("tells who ran that it failed, and nobody else", async () => {
  const clock = new FakeClock();
  const run = vi.fn<() => Promise<void>>(() => Promise.reject(new RangeError()));
  const runs = new JoinedRuns({ run, nowAtMs: clock.nowAtMs, waitTimeoutMs });
  const [first, second, third] = [runs.ask(), runs.ask(), runs.ask()];
  await expect(third).resolves.toBeUndefined();
  await expect(first).rejects.toThrow(RangeError);
  await expect(second).rejects.toThrow(RangeError);
  expect(run).toHaveBeenCalledTimes(2);
});
