// Tests in which order items share the limit of each run of the cron trigger.
import { expect, it } from "vitest";
import { rotated } from "../../src/base/rotated.ts";

const items = ["a", "b", "c", "d", "e", "f", "g", "h"];

it.each([1, 2, 3, 4, 5, 8, 10, 15, 30, 60])(
  "each item is the first of some run, with a run every %i minutes",
  (minutes) => {
    const runs = Array.from({ length: 40 }, (_, run) => 1_795_842_000_000 + run * minutes * 60_000);
    for (let count = 1; count <= items.length; count += 1) {
      const some = items.slice(0, count);
      const firsts = new Set(runs.map((atMs) => rotated(some, atMs)[0]));
      expect(firsts).toEqual(new Set(some));
    }
  },
);

it("a run has all items, in their order", () => {
  expect(rotated([], 0)).toEqual([]);
  expect(rotated(items, 60_000)).toEqual(["e", "f", "g", "h", "a", "b", "c", "d"]);
});
