import { expect, it } from "vitest";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { sumOf } from "../../testing/simulation/seeds.ts";
it.each(["ordinary", "crossing", "trimming", "turned-back"] as const)("x %s", async (kind) => {
  const t = Date.now();
  const r = await sumOf({ from: 100, count: 40 }, (seed) => requestHistoryOf(seed, { kind, hasValues: true }));
  console.log(kind, r.usableCount, Date.now() - t);
  expect(r.broken).toEqual([]);
}, 100000);
