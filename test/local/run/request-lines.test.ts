// Tests the short form of Cache-Status and Proxy-Status in a line about a request.
import { describe, expect, it } from "vitest";
import { shortStatus, toldIn } from "../../../local/run/request-lines.ts";

describe("the short form of Cache-Status", () => {
  const miss = "tidemark; fwd=uri-miss; fwd-status=200";
  const stale = "tidemark; fwd=stale";

  it.each([
    ["tidemark; hit; ttl=240; detail=edge", "hit edge"],
    ["tidemark; hit; ttl=0; detail=memory", "hit memory"],
    ["tidemark; hit; ttl=-1; detail=memory", "stale hit memory"],
    ["tidemark; hit; ttl=12; detail=memory; unverified", "hit memory"],
    ["tidemark; hit; ttl=-60; detail=stale-if-error", "stale hit stale-if-error"],
    [`${miss}; stored`, "miss stored"],
    [`${miss}; detail=set-cookie`, "miss: set-cookie"],
    [`${miss}; detail="unknown-cookie: session"`, "miss: unknown-cookie: session"],
    ["tidemark; fwd=uri-miss; collapsed", "miss collapsed"],
    [
      'tidemark; fwd=vary-miss; stored; detail="vary: accept"',
      "miss of variant stored: vary: accept",
    ],
    [`${stale}; fwd-status=304; stored`, "validated stored"],
    [`${stale}; fwd-status=200; stored`, "stale stored"],
    [`${stale}; fwd-status=200; stored; detail=purged`, "stale stored: purged"],
    ["tidemark; fwd=request; fwd-status=200", "not for this request"],
    ["tidemark; fwd=bypass; fwd-status=200; detail=route", "pass: route"],
    ["tidemark; fwd=method; fwd-status=200; detail=method", "pass: method"],
    ["tidemark; fwd=bypass", "pass: bypass"],
    ["other; hit; detail=far, tidemark; fwd=uri-miss; stored", "miss stored"],
    ["no, list;;", "-"],
    ["", "-"],
    [null, "-"],
  ])("turns %s into %s", (cacheStatus, short) => {
    expect(shortStatus({ cacheStatus, proxyStatus: null })).toBe(short);
  });

  it("is the error of Proxy-Status if the response has no Cache-Status", () => {
    const proxyStatus = "tidemark; error=destination_unavailable";
    expect(shortStatus({ cacheStatus: null, proxyStatus })).toBe("failed: destination_unavailable");
  });
});

describe("a line that a Worker has printed", () => {
  it.each([
    '{"ts":"2026-11-21T17:06:57.807Z","event":"purge"}',
    "hello",
    'x {"tidemark-start":"probed"}',
  ])("is not mistaken for a request: %s", (text) => {
    expect(toldIn(text)).toBeUndefined();
  });

  it("is read as a request if the module in front of the Worker has printed it", () => {
    expect(toldIn('{"tidemark-start":{"method":"GET","status":200}}')).toEqual({
      method: "GET",
      status: 200,
    });
  });
});
