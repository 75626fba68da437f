// Tests the confidence interval of a median, and quantiles.
import { expect, it } from "vitest";
import { medianInterval, quantile } from "../../bench/load/figures.ts";
import { Draws } from "../../testing/draws.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

// Ranks by the binomial distribution: P(B(25, ½) ≤ 7) = 0.0216, P(B(25, ½) ≤ 8) = 0.0539.
it.each([
  { count: 0, interval: [0, 0] },
  { count: 1, interval: [1, 1] },
  { count: 5, interval: [1, 5] },
  { count: 6, interval: [1, 6] },
  { count: 9, interval: [2, 8] },
  { count: 25, interval: [8, 18] },
  { count: 100, interval: [40, 61] },
])("`medianInterval` returns $interval for $count values", ({ count, interval }) => {
  expect(medianInterval(upTo(count).toReversed())).toEqual(interval);
});

it("`medianInterval` contains the true median in about 19 of 20 cases", () => {
  const draws = new Draws(1);
  const isWithin = () => {
    const [lower, upper] = medianInterval(upTo(25).map(() => draws.between(0, 1) ** 3));
    return lower <= 0.125 && upper >= 0.125;
  };
  const held = upTo(2_000).filter(isWithin).length / 2_000;
  expect(held).toBeGreaterThan(0.94);
  expect(held).toBeLessThan(0.975);
});

it("`quantile` returns a value that was measured", () => {
  expect([0.25, 0.5, 0.75, 1].map((share) => quantile([4, 2, 1, 3], share))).toEqual([1, 2, 3, 4]);
});
