// The points of the curve, and the settings that are changed one at a time.
import type { PointSettings } from "./point.ts";
import type { MixName } from "./stores.ts";

export const coloCounts = [3, 12, 50, 330] as const;
export const rates = [18, 180, 1_800, 18_000, 100_000] as const;

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
    for (const colos of coloCounts) {
      for (const requestsPerSecond of rates) {
        points.push({ ...usual, mix, colos, requestsPerSecond, seed });
      }
    }
  }
  return points;
}

/** The point whose settings are changed. */
const reference = {
  ...usual,
  mix: "all in Redis",
  colos: 50,
  requestsPerSecond: 18_000,
} satisfies PointSettings;

export interface Changed {
  readonly what: string;
  readonly settings: PointSettings;
}

export function changesOf(seed: number): Changed[] {
  const inObjects = { mix: "records and journal in Durable Objects" } as const;
  const changes: readonly (readonly [string, Partial<PointSettings>])[] = [
    ["all in Redis, as shipped", {}],
    ["N = 60", { maxLagSeconds: 60 }],
    ["A = 3", { clockAllowanceSeconds: 3 }],
    ['`tiers: ["memory", "shared"]`', { route: { tiers: ["memory", "shared"] } }],
    ['`collapse: "global"`', { route: { collapse: "global" } }],
    ["`earlyRefresh: 0`", { route: { earlyRefresh: 0 } }],
    ["isolates of 50 requests/s", { isolateRequestsPerSecond: 50 }],
    ["isolates that live 2 minutes", { isolateLifeMinutes: 2 }],
    ["50,000 pages", { pageCount: 50_000 }],
    ["ten times the purges", { editsPerSecond: 10 * usual.editsPerSecond }],
    ["records and journal in Durable Objects, as shipped", inObjects],
    ["`objects: 32`", { ...inObjects, objects: 32 }],
  ];
  return changes.map(([what, change]) => ({ what, settings: { ...reference, ...change, seed } }));
}
