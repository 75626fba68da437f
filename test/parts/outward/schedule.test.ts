// Tests which targets a run of the cron trigger delivers to.
import { expect, it } from "vitest";
import { createOutward } from "../../../src/parts/outward/create-outward.ts";
import type { DeliveryLimits } from "../../../src/parts/outward/port/outward-target.ts";

it.each([
  { runtime: "on Workers", isServer: false, perRun: 4 },
  { runtime: "on Node", isServer: true, perRun: 6 },
])("$runtime, a run delivers to $perRun of 6 targets, and a whole batch to each", async (row) => {
  const runs: string[][] = [];
  const limits: DeliveryLimits[] = [];
  const names = ["a", "b", "c", "d", "e", "f"];
  const targets = new Map(
    names.map((name) => {
      const deliver = async (_: unknown, how: DeliveryLimits) => {
        runs.at(-1)?.push(name);
        limits.push(how);
        return "idle";
      };
      return [name, { deliver }];
    }),
  );
  let atMs = 1_795_842_000_000;
  const acceptances = { listen: () => undefined, keepSchedule: async () => {} };
  const purging = { view: { chain: {}, isOld: () => false }, acceptances };
  const outward = createOutward(
    {
      cache: { purging },
      site: { config: { purge: { visibleWithinSeconds: 10, allowanceMs: 1_000 } } },
      platform: { isServer: row.isServer, nowAtMs: () => atMs },
    } as never,
    targets as never,
  );
  for (let run = 0; run < 12; run += 1) {
    runs.push([]);
    await outward?.runCron();
    // A cron trigger may also run every 5 minutes.
    atMs += 300_000;
  }
  expect(runs.map(({ length }) => length)).toEqual(runs.map(() => row.perRun));
  expect(new Set(runs.flat())).toEqual(new Set(names));
  expect(new Set(limits.map(({ callsMax }) => callsMax))).toEqual(new Set([8]));
});
