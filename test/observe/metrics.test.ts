// Tests the counts of an isolate. Each is reported once, shown in the snapshot since the start, and
// the number of series is limited.
import { snapshotOf } from "../../src/observe/snapshot.ts";
import { describe, expect, it } from "vitest";
import { Decision, type Outcome } from "../../src/observe/decision.ts";
import { otherRoutes } from "../../src/protocol/families.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { addAll, seriesMax, type Sums } from "../../src/observe/sums.ts";

const startAtMs = 1_000_000;

function answeredBy(
  changes: Partial<Decision>,
  of: { route?: string; prefix?: string; isRefresh?: boolean } = {},
): Decision {
  const decision = new Decision({ route: "all", ...of });
  return Object.assign(decision, { outcome: "hit" satisfies Outcome, tier: "memory", ...changes });
}

function count(metrics: Metrics, decision: Decision, atMs = startAtMs): void {
  metrics.answered(decision, atMs);
  metrics.settled(decision);
}

const told = (sums: Sums) => Object.fromEntries(sums);

describe("the taken counts", () => {
  it("contain each count once, and no series without a count", () => {
    const metrics = new Metrics(startAtMs);
    const read = { tier: "edge", kind: "found", tookMs: 1 };
    const lookups = [read, read, { tier: "shared", kind: "passed-over", tookMs: undefined }];
    const waited = { hasWaited: true, arrivedAtMs: startAtMs - 2, lookups };
    count(metrics, answeredBy({ foundInMemory: 1, answerBytes: 5, ...waited }));
    expect(told(metrics.take(startAtMs))).toEqual({
      "requests|all|hit|memory": 1,
      "responseBytes|all|hit|memory": 5,
      "responseSeconds|all|hit|memory|b6": 1,
      "responseSeconds|all|hit|memory|sum": 0.002,
      "tierReads|memory|found": 1,
      "tierReads|edge|found": 2,
      "tierReads|shared|passed-over": 1,
      "tierReadSeconds|edge|b4": 2,
      "tierReadSeconds|edge|sum": 0.002,
    });
    expect(told(metrics.take(startAtMs))).toEqual({});
    count(metrics, answeredBy({}));
    expect(told(metrics.take(startAtMs))).toEqual({ "requests|all|hit|memory": 1 });
  });

  it("add up to the snapshot, which counts from the start", () => {
    const metrics = new Metrics(startAtMs);
    const all: Sums = new Map();
    for (const outcome of ["hit", "stored", "hit"] as const) {
      count(metrics, answeredBy({ outcome }));
      snapshotOf(metrics);
      addAll(all, metrics.take(startAtMs));
    }
    expect([all.get("requests|all|hit|memory"), all.get("requests|all|stored|memory")]).toEqual([
      2, 1,
    ]);
    expect(snapshotOf(metrics).routes).toEqual({
      all: { requests: 3, outcomes: { hit: 2, stored: 1 }, refusedToStore: {} },
    });
  });

  it.each([
    { id: "waited", hasWaited: true, arrivedAtMs: startAtMs - 2, seconds: 0.002 },
    { id: "did not wait", hasWaited: false, arrivedAtMs: startAtMs - 2, seconds: undefined },
    { id: "clock was set back", hasWaited: true, arrivedAtMs: startAtMs + 5, seconds: 0 },
  ])("contain a duration if the request waited: $id", ({ hasWaited, arrivedAtMs, seconds }) => {
    const metrics = new Metrics(startAtMs);
    count(metrics, answeredBy({ hasWaited, arrivedAtMs, outcome: "stored", tier: "origin" }));
    expect(metrics.take(startAtMs).get("responseSeconds|all|stored|origin|sum")).toBe(seconds);
  });
});

describe("a report", () => {
  it.each([
    { id: "busy, after a minute", requests: 1_000, afterMs: 60_000, isDue: true },
    { id: "busy, before a minute", requests: 1_000, afterMs: 59_999, isDue: false },
    { id: "one request less, after a minute", requests: 999, afterMs: 60_000, isDue: false },
    { id: "quiet, before five", requests: 1, afterMs: 299_999, isDue: false },
    { id: "quiet, after five", requests: 1, afterMs: 300_000, isDue: true },
    { id: "a clock set back by an hour", requests: 1, afterMs: -3_600_000, isDue: true },
  ])("is due or not: $id, $isDue", ({ requests, afterMs, isDue }) => {
    const metrics = new Metrics(0);
    metrics.take(startAtMs);
    for (let nth = 0; nth < requests; nth += 1) metrics.answered(answeredBy({}), startAtMs);
    expect(metrics.isReportDue(startAtMs + afterMs)).toBe(isDue);
  });
});

it("counts routes beyond the limit of series together, and earlier routes separately", () => {
  const metrics = new Metrics(startAtMs);
  for (let nth = 0; nth < seriesMax; nth += 1) metrics.add("forwards", [`route-${nth}`, "stale"]);
  for (let nth = 0; nth < 10; nth += 1) {
    count(metrics, answeredBy({}, { route: `new-${nth}` }));
    metrics.took("originSeconds", [`new-${nth}`], 1);
  }
  metrics.add("forwards", ["route-0", "stale"]);
  metrics.add("purgeRefusals", ["malformed"]);
  const taken = metrics.take(startAtMs);
  expect(taken.get(`requests|${otherRoutes}|hit|memory`)).toBe(10);
  expect(taken.get(`originSeconds|${otherRoutes}|sum`)).toBeCloseTo(0.01);
  expect(taken.get("forwards|route-0|stale")).toBe(2);
  expect(taken.get("purgeRefusals|malformed")).toBe(1);
  expect(taken.size).toBe(seriesMax + 4);
});
