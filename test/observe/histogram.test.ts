// Tests that a duration counts in the first bucket whose bound is not below the duration.
import { describe, expect, it } from "vitest";
import { boundsMs, bucketOf } from "../../src/observe/histogram.ts";

describe("the bucket of a duration", () => {
  it("is the bucket of a bound if the duration equals this bound", () => {
    expect(boundsMs.map(bucketOf)).toEqual(boundsMs.map((_, index) => index));
  });

  it("is the next bucket if the duration is just above a bound", () => {
    expect(boundsMs.map((bound) => bucketOf(bound * (1 + 1e-12)))).toEqual(
      boundsMs.map((_, index) => index + 1),
    );
  });

  it.each([
    { tookMs: 0, bucket: 0 },
    { tookMs: -5, bucket: 0 },
    { tookMs: Number.NaN, bucket: 0 },
    { tookMs: 1, bucket: 4 },
    { tookMs: 1_000, bucket: 24 },
    { tookMs: Infinity, bucket: boundsMs.length },
  ])("is $bucket for $tookMs ms", ({ tookMs, bucket }) => {
    expect(bucketOf(tookMs)).toBe(bucket);
  });
});
