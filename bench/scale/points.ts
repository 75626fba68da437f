// The points that the tables of docs/costs.md show.
import type { PointSettings } from "./point.ts";
import type { MixName } from "./stores.ts";

/** The points of the bills of a month, and those of the loads of the stores. */
export const billed = { colos: [3, 50], rates: [0.1, 1, 10, 100, 1_000, 10_000, 100_000] } as const;
export const loaded = { colos: [330], rates: [18, 180, 1_800, 18_000, 100_000] } as const;

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
  return playedMixes.flatMap((mix) =>
    [billed, loaded].flatMap(({ colos: coloCounts, rates }) =>
      coloCounts.flatMap((colos) =>
        rates.map((requestsPerSecond) => ({ ...usual, mix, colos, requestsPerSecond, seed })),
      ),
    ),
  );
}
