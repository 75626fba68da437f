// Tests the estimate of quantiles from the buckets of a histogram.

import { expect, it } from "vitest";
import { quantileSeconds } from "../../src/stats/series.ts";

const bounds = [0.1, 0.2, 0.4];

it.each([
  { id: "no samples", share: 0.5, counts: [0, 0, 0, 0], seconds: undefined },
  { id: "no buckets", share: 0.5, counts: [], seconds: undefined },
  { id: "half of the first bucket", share: 0.5, counts: [10, 0, 0, 0], seconds: 0.05 },
  { id: "half of a later bucket", share: 0.5, counts: [0, 0, 10, 0], seconds: 0.3 },
  { id: "the bound between two buckets", share: 0.5, counts: [5, 5, 0, 0], seconds: 0.1 },
  { id: "half of the second bucket", share: 0.75, counts: [5, 5, 0, 0], seconds: 0.15 },
  { id: "the slowest sample", share: 1, counts: [5, 5, 0, 0], seconds: 0.2 },
  { id: "above all bounds", share: 0.99, counts: [1, 0, 0, 9], seconds: Infinity },
])("`quantileSeconds` returns the quantile: $id", ({ share, counts, seconds }) => {
  const found = quantileSeconds(share, counts, bounds);
  expect(found && Number(found.toFixed(9))).toBe(seconds);
});
