// The time-out of a read follows the latencies that were measured (RFC 6298 §2).
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { LatencyBound } from "../../src/redis/latency-bound.ts";

const limits = { minMs: 150, maxMs: 1_000 };

function after(...tookMs: readonly number[]): number {
  const bound = new LatencyBound(limits.maxMs);
  for (const ms of tookMs) bound.measured(ms);
  return bound.timeoutMs;
}

const times = (count: number, tookMs: number): number[] =>
  Array.from({ length: count }, () => tookMs);

it.each([
  { id: "nothing: the upper bound", tookMs: [], timeoutMs: 1_000 },
  // §2.2: twice the first sample besides itself.
  { id: "one answer: three times as long", tookMs: [100], timeoutMs: 300 },
  { id: "one quick answer: the lower bound", tookMs: [10], timeoutMs: 150 },
  { id: "one instant answer: the lower bound", tookMs: [0], timeoutMs: 150 },
  { id: "one slow answer: the upper bound", tookMs: [900], timeoutMs: 1_000 },
  // §2.3: 7/8 × 100 + 1/8 × 100, and four times 3/4 × 50.
  { id: "two alike: closer to them", tookMs: [100, 100], timeoutMs: 250 },
  { id: "two apart: further off", tookMs: [100, 200], timeoutMs: 363 },
  { id: "many quick ones: the lower bound", tookMs: times(200, 20), timeoutMs: 150 },
  { id: "many alike from afar: a quarter above them", tookMs: times(200, 400), timeoutMs: 500 },
  { id: "many slow ones: the upper bound", tookMs: times(200, 5_000), timeoutMs: 1_000 },
])("after $id", ({ tookMs, timeoutMs }) => {
  expect(after(...tookMs)).toBe(timeoutMs);
});

it("rises with every time-out until it is the upper bound", () => {
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

it("falls again when answers come quickly", () => {
  expect(after(...times(50, 1_000), ...times(100, 20))).toBe(limits.minMs);
});

it("stays between its bounds whatever is measured", () => {
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
