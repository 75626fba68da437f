// The points of the curve.
import type { PointSettings } from "./point.ts";
import type { MixName } from "./stores.ts";

const coloCounts = [3, 12, 50, 330] as const;
export const rates = [18, 180, 1_800, 18_000, 100_000] as const;
/** The points of the bills of a month. */
export const [billedColos, billedRates] = [3, [0.1, 1, 10, 100, 1_000]] as const;

/** The mixes whose records are played. The third has the records of the first. */
export const playedMixes: readonly MixName[] = [
  "all in Redis",
  "records and journal in Durable Objects",
];

/** The values of the default configuration, and the traffic of the bench trace at the pace of life. */
export const usual: Omit<PointSettings, "mix" | "colos" | "requestsPerSecond"> = {
  seed: 1,
  pageCount: 5_000,
  playedCount: 5_000,
  isolateRequestsPerSecond: 200,
  isolateLifeMinutes: 10,
  // 200 edits in 90 minutes.
  editsPerSecond: 200 / 5_400,
  maxLagSeconds: 10,
  clockAllowanceSeconds: 1,
  objects: 8,
  route: {},
};

export function pointsOf(seed: number): PointSettings[] {
  const points: PointSettings[] = [];
  for (const mix of playedMixes) {
    for (const requestsPerSecond of billedRates)
      points.push({ ...usual, mix, colos: billedColos, requestsPerSecond, seed });
    for (const colos of coloCounts) {
      for (const requestsPerSecond of rates) {
        points.push({ ...usual, mix, colos, requestsPerSecond, seed });
      }
    }
  }
  return points;
}
