// Tests the decision, one record of a request from which Cache-Status and the counts are made.
import { snapshotOf } from "../../src/observe/snapshot.ts";
import { describe, expect, it } from "vitest";
import { Decision, settle } from "../../src/observe/decision.ts";
import { RecordKey } from "../../src/cache/record/record-key.ts";
import { Metrics } from "../../src/observe/metrics.ts";

const decided = (by: string) => {
  const decision = new Decision({
    route: "all",
    key: new RecordKey("GET https://a.example/", "a.example"),
  });
  decision.reached("forward", by, undefined);
  decision.forwards("stale");
  return decision;
};

describe("a decision", () => {
  it("is counted once: its outcome, each lookup in a tier, and whether it was unverified", () => {
    const metrics = new Metrics(0);
    const decision = decided("purged");
    decision.lookedUp("memory", "found", 0);
    decision.lookedUp("memory", "absent", 0);
    decision.lookedUp("edge", "absent", 2);
    decision.lookedUp("shared", "passed-over", 0);
    decision.unverified = true;
    decision.outcome = "stored";
    metrics.answered(decision, 0);
    metrics.settled(decision);
    expect(snapshotOf(metrics)).toMatchObject({
      routes: { all: { requests: 1, outcomes: { stored: 1 } } },
      reads: {
        memory: { found: 1, absent: 1 },
        edge: { absent: 1 },
        shared: { "passed-over": 1 },
      },
      unverifiedAnswers: 1,
    });
  });
});

describe("settle", () => {
  const watched = (isRefresh = false) => {
    const metrics = new Metrics(0);
    const running: Promise<void>[] = [];
    const afterAnswer = (work: () => Promise<void>) => void running.push(work());
    const decision = new Decision({ route: "all", isRefresh });
    decision.outcome = "stored";
    const site = { metrics, report: () => undefined };
    const exchange = { decision, site, afterAnswer, nowAtMs: () => 0 };
    return { metrics, running, decision, exchange };
  };

  it("counts an answer at once, and later its writes and a late refusal", async () => {
    const { decision, metrics, exchange, running } = watched();
    const stores = Promise.withResolvers<void>();
    void decision.awaits(stores.promise);
    settle(exchange);
    expect(snapshotOf(metrics)).toMatchObject({ routes: { all: { requests: 1 } }, writes: {} });
    decision.changed("edge", "kept");
    decision.refuses({ rule: "too-many-variants", names: ["accept-language"] });
    stores.resolve();
    await Promise.all(running);
    expect(snapshotOf(metrics)).toMatchObject({
      routes: { all: { requests: 1, refusedToStore: { "too-many-variants": 1 } } },
      writes: { edge: { kept: 1 } },
    });
    expect(decision.stored).toBe(false);
  });

  it("counts an answer even if its store has failed", async () => {
    const { decision, metrics, exchange, running } = watched();
    decision.awaits(Promise.reject(new Error("no disk"))).catch(() => undefined);
    settle(exchange);
    await Promise.all(running);
    expect(snapshotOf(metrics).routes).toMatchObject({ all: { requests: 1 } });
  });

  it("counts the reads, writes and refusals of a refresh, but no request", () => {
    const { decision, metrics, exchange } = watched(true);
    decision.unverified = true;
    decision.lookedUp("edge", "found", 1);
    decision.changed("shared", "unavailable");
    decision.refuses({ rule: "no-store", names: [] });
    settle(exchange);
    expect(snapshotOf(metrics)).toMatchObject({
      routes: { all: { requests: 0, outcomes: {}, refusedToStore: { "no-store": 1 } } },
      reads: { edge: { found: 1 } },
      writes: { shared: { unavailable: 1 } },
      unverifiedAnswers: 0,
    });
  });

  it.each([
    { id: "due", arrivedAtMs: 1, waited: true, afterMs: 300_000, reports: 1, expected: 1 },
    { id: "not due", arrivedAtMs: 1, waited: true, afterMs: 299_999, reports: 0, expected: 1 },
    { id: "no client's", waited: false, afterMs: 300_000, reports: 1, expected: 1 },
    // The clock stands still until the request waits, so the time of its arrival is enough.
    { id: "a hit", arrivedAtMs: 300_000, waited: false, afterMs: 0, reports: 1, expected: 0 },
  ])("reports the counts when a report is due, and reads the clock at most once: $id", (row) => {
    const reported: unknown[] = [];
    let lookups = 0;
    const metrics = new Metrics(0);
    const afterAnswer = () => undefined;
    const nowAtMs = () => {
      lookups += 1;
      return row.afterMs;
    };
    const report = (given: unknown) => void reported.push(given);
    const { arrivedAtMs } = row;
    const decision = new Decision({ route: "all", ...(arrivedAtMs && { arrivedAtMs }) });
    decision.hasWaited = row.waited;
    decision.outcome = "hit";
    settle({ decision, site: { metrics, report }, afterAnswer, nowAtMs });
    expect(reported).toEqual(Array(row.reports).fill(afterAnswer));
    expect(lookups).toBe(row.expected);
  });
});
