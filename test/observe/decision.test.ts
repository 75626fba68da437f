// One record of a request: Cache-Status and the counts both come from it.
import { describe, expect, it } from "vitest";
import { cacheStatus } from "../../src/http/cache-status.ts";
import { Decision } from "../../src/observe/decision.ts";
import { Metrics } from "../../src/observe/metrics.ts";

const decided = (by: string) => {
  const decision = new Decision({ route: "all", key: "GET https://a.example/" });
  decision.reached("forward", by, undefined);
  decision.forwards("stale");
  return decision;
};

describe("a decision", () => {
  it("of a hit tells the tier and what is left", () => {
    const decision = new Decision({ route: "all" });
    decision.ttlSeconds = 9.5;
    decision.detail = "memory";
    expect(cacheStatus(decision)).toBe("tidemark; hit; ttl=9; detail=memory");
  });

  it.each([
    { by: "purged", told: "fwd=stale; detail=purged" },
    { by: "unverified", told: "fwd=stale; detail=unverified" },
    { by: "expired", told: "fwd=stale" },
    { by: "no-cache", told: "fwd=stale" },
  ])("tells that a copy was $by", ({ by, told }) => {
    expect(cacheStatus(decided(by))).toBe(`tidemark; ${told}`);
  });

  it("is counted once: its outcome, each look, and whether it was unverified", () => {
    const metrics = new Metrics(0);
    const decision = decided("purged");
    decision.looked("memory", "found", 0);
    decision.looked("memory", "absent", 0);
    decision.looked("edge", "absent", 2);
    decision.looked("shared", "passed-over", 0);
    decision.unverified = true;
    decision.outcome = "stored";
    metrics.settled(decision);
    expect(metrics.snapshot()).toMatchObject({
      routes: { all: { requests: 1, outcomes: { stored: 1 } } },
      reads: {
        memory: { found: 1, absent: 1 },
        edge: { absent: 1 },
        shared: { "passed-over": 1 },
      },
      unverifiedAnswers: 1,
    });
  });

  it("of a look-up behind an answer counts as no request", () => {
    const metrics = new Metrics(0);
    const decision = new Decision({ route: "all" });
    decision.looked("memory", "found", 0);
    metrics.settled(decision);
    expect(metrics.snapshot()).toMatchObject({ routes: {}, reads: { memory: { found: 1 } } });
  });
});
