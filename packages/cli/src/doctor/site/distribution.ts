// Quantiles of a site's histograms, as the buckets that contain them.
import type { OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import type { FamilyName } from "../../../../../src/protocol/families.ts";
import { addedCounts, type Bucket, bucketAt, sumOf } from "../../stats/quantile.ts";
import { bucketsOf, type Labels } from "../../stats/series.ts";

/** Counts of durations, in the buckets that all histograms share. */
export interface Distribution {
  readonly count: number;
  /** @param share 0 to 1. @returns the bucket of this quantile */
  readonly quantile: (share: number) => Pick<Bucket, "aboveSeconds" | "upToSeconds">;
}

/** @param slowest the number of additional durations beyond the last bound */
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
