// Tests the time-out of reads, which follows the measured latencies (RFC 6298 §2).
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { LatencyBound } from "../../src/remote/latency-bound.ts";

const limits = { minMs: 500, maxMs: 1_000 };

function after(...tookMs: readonly number[]): number {
  const bound = new LatencyBound(limits.maxMs);
  for (const ms of tookMs) bound.measured(ms);
  return bound.timeoutMs;
}

const times = (count: number, tookMs: number): number[] =>
  Array.from({ length: count }, () => tookMs);

it.each([
  { id: "the upper bound after no answer", tookMs: [], timeoutMs: 1_000 },
  // §2.2: the first sample plus four times half of it.
  { id: "three times the latency of the first answer", tookMs: [200], timeoutMs: 600 },
  { id: "the lower bound after one fast answer", tookMs: [10], timeoutMs: 500 },
  { id: "the lower bound after one answer in 0 ms", tookMs: [0], timeoutMs: 500 },
  { id: "the upper bound after one slow answer", tookMs: [900], timeoutMs: 1_000 },
  // §2.3: 7/8 × 250 + 1/8 × 250, plus four times 3/4 × 125.
  { id: "less after two equal latencies", tookMs: [250, 250], timeoutMs: 625 },
  { id: "more after two different latencies", tookMs: [250, 300], timeoutMs: 681 },
  { id: "the lower bound after many fast answers", tookMs: times(200, 20), timeoutMs: 500 },
  { id: "a quarter more than many equal latencies", tookMs: times(200, 480), timeoutMs: 600 },
  { id: "the upper bound after many slow answers", tookMs: times(200, 5_000), timeoutMs: 1_000 },
])("returns $id", ({ tookMs, timeoutMs }) => {
  expect(after(...tookMs)).toBe(timeoutMs);
});

it("raises the time-out after each timed-out read, up to the upper bound", () => {
  const bound = new LatencyBound(limits.maxMs);
  for (const ms of times(200, 20)) bound.measured(ms);
  const seenMs = [bound.timeoutMs];
  while (bound.timeoutMs < limits.maxMs && seenMs.length < 20) {
    bound.measured(bound.timeoutMs);
    seenMs.push(bound.timeoutMs);
  }
  expect(seenMs.at(-1)).toBe(limits.maxMs);
  expect(seenMs).toEqual([...new Set(seenMs)].sort((a, b) => a - b));
  expect(seenMs.length).toBeLessThan(8);
});

it("lowers the time-out again after many fast answers", () => {
  expect(after(...times(50, 1_000), ...times(100, 20))).toBe(limits.minMs);
});

it("keeps the time-out between its bounds for any measured latencies", () => {
  const took = fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }));
  fc.assert(
    fc.property(took, (tookMs) => {
      const timeoutMs = after(...tookMs);
      expect(timeoutMs).toBeGreaterThanOrEqual(limits.minMs);
      expect(timeoutMs).toBeLessThanOrEqual(limits.maxMs);
      expect(Number.isInteger(timeoutMs)).toBe(true);
    }),
    { seed: 20_261_117 },
  );
});
