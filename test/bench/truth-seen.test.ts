// Tests the result and the bytes that the truth bench reads from a response.
import { describe, expect, it } from "vitest";
import { bytesToCount, toldBy } from "../../bench/truth/seen.ts";

const rows: [cacheStatus: string, told: object][] = [
  ["tidemark; hit; ttl=240; detail=edge", { result: "hit", tier: "edge" }],
  ["tidemark; hit; ttl=-3; detail=memory", { result: "stale-hit", tier: "memory" }],
  ["tidemark; hit; ttl=0; detail=memory", { result: "hit or stale-hit", tier: "memory" }],
  ["tidemark; hit; ttl=-60; detail=stale-if-error", { result: "stale-hit", isStaleIfError: true }],
  ["tidemark; fwd=uri-miss; collapsed", { result: "collapsed" }],
  [
    "tidemark; fwd=stale; collapsed; detail=stale-if-error",
    { result: "stale-hit", isStaleIfError: true },
  ],
  ["tidemark; fwd=uri-miss; fwd-status=200; stored", { result: "stored", reason: "uri-miss" }],
  ["tidemark; fwd=stale; fwd-status=304; stored", { result: "validated", reason: "stale" }],
  ["tidemark; fwd=bypass; fwd-status=304; detail=route", { result: "passed", reason: "bypass" }],
  [
    'tidemark; fwd=stale; fwd-status=503; detail="purged, stale-if-error"',
    { result: "stale-hit", isStaleIfError: true, reason: "stale" },
  ],
  [
    'tidemark; fwd=stale; fwd-status=200; detail="purged, unknown-cookie: session"',
    { result: "forwarded", reason: "stale", rule: "unknown-cookie" },
  ],
];

describe("the result of a response", () => {
  it.each(rows)("is read from its Cache-Status: %s", (cacheStatus, told) => {
    expect(toldBy({ status: 200, cacheStatus })).toEqual({ isStaleIfError: false, ...told });
  });

  it("is failed or limited if it has no Cache-Status", () => {
    expect(toldBy({ status: 504, cacheStatus: "" }).result).toBe("failed");
    expect(toldBy({ status: 429, cacheStatus: "" }).result).toBe("limited");
  });
});

describe("the bytes of a response to count", () => {
  const of = (result: string) => ({ result, isStaleIfError: false });

  it("are the bytes of the body", () => {
    const came = { bodyBytes: 7, statedBytes: undefined };
    expect(bytesToCount(of("stored"), came)).toBe(7);
    expect(bytesToCount(of("passed"), { bodyBytes: 7, statedBytes: 7 })).toBe(7);
    expect(bytesToCount(of("passed"), { bodyBytes: 0, statedBytes: undefined })).toBe(0);
  });

  it("are unknown for failures, and for forwarded bodies without a length", () => {
    const came = { bodyBytes: 7, statedBytes: undefined };
    expect(bytesToCount(of("passed"), came)).toBeUndefined();
    expect(bytesToCount(of("forwarded"), came)).toBeUndefined();
    expect(bytesToCount(of("failed"), { bodyBytes: 7, statedBytes: 7 })).toBeUndefined();
  });
});
