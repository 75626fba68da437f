// Quantiles of the histograms of a site, as the buckets in which they lie.
import type { OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import type { FamilyName } from "../../../../../src/protocol/families.ts";
import { addedCounts, type Bucket, bucketAt, sumOf } from "../../stats/quantile.ts";
import { bucketsOf, type Labels } from "../../stats/series.ts";

/** Durations, in the buckets of all histograms. */
export interface Distribution {
  readonly count: number;
  /** @param share 0 to 1. @returns the bucket in which that share of them has come */
  readonly quantile: (share: number) => Pick<Bucket, "aboveSeconds" | "upToSeconds">;
}

/** @param slowest how many more there were that took longer than all bounds */
export function distributionOf(
  metrics: OperatorAnswer<"metrics">,
  family: FamilyName,
  labels: Labels = {},
  slowest = 0,
): Distribution {
  const { boundsSeconds } = metrics;
  const counted = bucketsOf(metrics, family, labels);
  const counts = addedCounts([...counted, [...boundsSeconds.map(() => 0), slowest]]);
  return {
    count: sumOf(counts),
    quantile: (share) =>
      bucketAt(share, counts, boundsSeconds) ?? { aboveSeconds: 0, upToSeconds: 0 },
  };
}
