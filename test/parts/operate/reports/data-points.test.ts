// Tests the data points for Analytics Engine: their layout, on which queries depend, and their
// limits.
import { describe, expect, it } from "vitest";
import { families } from "../../../../src/protocol/families.ts";
import { addDuration, type Sums } from "../../../../src/observe/sums.ts";
import { boundsMs } from "../../../../src/observe/histogram.ts";
import { takenAsPoints } from "../../../../src/parts/operate/reports/data-points.ts";
import { noGauges } from "../../../../testing/monitoring/made-totals.ts";

const place = { namespace: "site", colo: "HAM" };
const sumsOf = (of: Readonly<Record<string, number>>): Sums => new Map(Object.entries(of));

describe("a data point", () => {
  it("has the labels and the count of a counter", () => {
    const sums = sumsOf({ "forwards|a|miss": 2, purges: 5 });
    expect(takenAsPoints(sums, noGauges, place).slice(0, 2)).toEqual([
      { indexes: ["site/forwards"], blobs: ["site", "forwards", "HAM", "a", "miss"], doubles: [2] },
      { indexes: ["site/purges"], blobs: ["site", "purges", "HAM"], doubles: [5] },
    ]);
    expect(sums.size).toBe(0);
  });

  it("has count, sum and cumulative buckets (powers of two from 0.5 ms) of a histogram", () => {
    const sums: Sums = new Map();
    const tookMs = [0.1, 0.5, 0.51, 1, 3, 4, 4.1, 65_536, 70_000];
    for (const took of tookMs) addDuration(sums, "originSeconds|a", took);
    const [point] = takenAsPoints(sums, noGauges, place);
    const [count, sum, ...buckets] = point?.doubles ?? [];
    expect([count, buckets.length]).toEqual([9, 18]);
    expect(sum).toBeCloseTo(tookMs.reduce((all, took) => all + took, 0) / 1_000, 6);
    const boundMs = (at: number) => 0.5 * 2 ** at;
    const due = buckets.map((_, at) => tookMs.filter((took) => took <= boundMs(at)).length);
    expect(buckets).toEqual(due);
    expect(boundMs(17)).toBe(boundsMs.at(-1));
  });

  it("has the gauges of the isolate, with -1 for unknown gauges", () => {
    const gauges = { ...noGauges, lagMs: 20, memoryBytes: 3 };
    expect(takenAsPoints(new Map(), gauges, place)).toEqual([
      { indexes: ["site/state"], blobs: ["site", "state", "HAM"], doubles: [20, -1, -1, 3, 0] },
    ]);
  });

  it("is within the limits of Analytics Engine, even with long names", () => {
    const long = "ü".repeat(500);
    const of = { namespace: "n".repeat(64), colo: long };
    const points = Object.entries(families).flatMap(([family, { labels, kind }]) => {
      const parts = [family, ...labels.map(() => long), ...(kind === "histogram" ? ["b3"] : [])];
      return takenAsPoints(sumsOf({ [parts.join("|")]: 1 }), noGauges, of);
    });
    expect(points).toHaveLength(2 * Object.keys(families).length);
    for (const { indexes, blobs, doubles } of points) {
      expect(indexes).toHaveLength(1);
      expect(new TextEncoder().encode(indexes[0]).length).toBeLessThanOrEqual(96);
      expect(blobs.length).toBeLessThanOrEqual(20);
      expect(new TextEncoder().encode(blobs.join("")).length).toBeLessThanOrEqual(5_120);
      expect(doubles.length).toBeLessThanOrEqual(20);
    }
  });
});

it("takes at most 25 points per invocation, and each count once", () => {
  const all = Object.fromEntries(
    Array.from({ length: 60 }, (_, at) => [`forwards|r${at}|miss`, at + 1]),
  );
  const sums = sumsOf(all);
  const counts: Record<string, number> = {};
  const numbers: number[] = [];
  while (sums.size > 0) {
    const points = takenAsPoints(sums, noGauges, place);
    numbers.push(points.length);
    for (const { blobs, doubles } of points) {
      const [, family, , route, reason] = blobs;
      if (family !== "state") counts[`${family}|${route}|${reason}`] = doubles[0] ?? 0;
    }
  }
  expect(numbers).toEqual([25, 25, 13]);
  expect(counts).toEqual(all);
});
