// Tests the gauges of an isolate's report: journal lag, age of the view, and size of the memory
// tiers.
import { expect, it } from "vitest";
import { IsolateGauges } from "../../../src/observe/reports/isolate-gauges.ts";

const open = (viewReadAtMs: number | undefined) =>
  new IsolateGauges({
    memories: [
      { bytes: 4, count: 0 },
      { bytes: 5, count: 2 },
    ],
    viewReadAtMs: () => viewReadAtMs,
  });

it("returns the last lag, and the worst lag since the previous report", () => {
  const gauges = open(50);
  const memory = { memoryBytes: 9, memoryRecords: 2 };
  expect(gauges.taken(70)).toEqual({ lagMs: null, lagWorstMs: null, viewAgeMs: 20, ...memory });
  for (const tookMs of [3, 8, 5]) gauges.lagged(tookMs);
  expect(gauges.taken(80)).toEqual({ lagMs: 5, lagWorstMs: 8, viewAgeMs: 30, ...memory });
  expect(gauges.taken(90)).toEqual({ lagMs: 5, lagWorstMs: null, viewAgeMs: 40, ...memory });
  gauges.lagged(-2);
  expect(gauges.taken(40)).toEqual({ lagMs: 0, lagWorstMs: 0, viewAgeMs: 0, ...memory });
});

it.each([undefined, -Infinity])("returns no age for a view that was never read: %s", (readAtMs) => {
  expect(open(readAtMs).taken(70).viewAgeMs).toBe(null);
});
