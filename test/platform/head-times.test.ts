// Tests the time without response headers after which a forward counts as stalled. The time follows
// from the route's earlier responses.
import { expect, it } from "vitest";
import { HeadTimes } from "../../src/platform/origin-health.ts";

it.each([
  { id: "none measured", ms: [], stallsAfterMs: 1_000 },
  { id: "fast", ms: [20, 30, 40], stallsAfterMs: 1_000 },
  { id: "twice the median", ms: [100, 700, 9_000], stallsAfterMs: 1_400 },
  { id: "at most two seconds", ms: Array<number>(15).fill(9_000), stallsAfterMs: 2_000 },
])("returns the time after which a forward counts as stalled: $id", ({ ms, stallsAfterMs }) => {
  const times = new HeadTimes();
  for (const each of ms) times.add("a", { requestedAtMs: 0, respondedAtMs: each });
  expect(times.stallsAfterMs("a")).toBe(stallsAfterMs);
  expect(times.stallsAfterMs("b")).toBe(1_000);
});
