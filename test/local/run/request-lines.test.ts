// What a line says of a request: the fields of its answer in a few words.
import { describe, expect, it } from "vitest";
import { shortStatus, toldIn } from "../../../local/run/request-lines.ts";

describe("Cache-Status in short", () => {
  it.each([
    { field: "tidemark; hit; ttl=240; detail=edge", short: "hit edge" },
    { field: "tidemark; hit; ttl=0; detail=memory", short: "hit memory" },
    { field: "tidemark; hit; ttl=-1; detail=memory", short: "stale hit memory" },
    { field: "tidemark; hit; ttl=12; detail=memory; unverified", short: "hit memory" },
    { field: "tidemark; hit; ttl=-60; detail=stale-if-error", short: "stale hit stale-if-error" },
    { field: "tidemark; fwd=uri-miss; fwd-status=200; stored", short: "miss stored" },
    {
      field: "tidemark; fwd=uri-miss; fwd-status=200; detail=set-cookie",
      short: "miss: set-cookie",
    },
    {
      field: 'tidemark; fwd=uri-miss; fwd-status=200; detail="unknown-cookie: session"',
      short: "miss: unknown-cookie: session",
    },
    { field: "tidemark; fwd=uri-miss; collapsed", short: "miss collapsed" },
    {
      field: 'tidemark; fwd=vary-miss; fwd-status=200; stored; detail="vary: accept"',
      short: "miss of variant stored: vary: accept",
    },
    { field: "tidemark; fwd=stale; fwd-status=304; stored", short: "validated stored" },
    { field: "tidemark; fwd=stale; fwd-status=200; stored", short: "stale stored" },
    {
      field: "tidemark; fwd=stale; fwd-status=200; stored; detail=purged",
      short: "stale stored: purged",
    },
    { field: "tidemark; fwd=request; fwd-status=200", short: "not for this request" },
    { field: "tidemark; fwd=bypass; fwd-status=200; detail=route", short: "pass: route" },
    { field: "tidemark; fwd=method; fwd-status=200; detail=method", short: "pass: method" },
    { field: "tidemark; fwd=bypass", short: "pass: bypass" },
    { field: "other; hit; detail=far, tidemark; fwd=uri-miss; stored", short: "miss stored" },
    { field: "no, list;;", short: "-" },
    { field: "", short: "-" },
    { field: null, short: "-" },
  ])("$field", ({ field, short }) => {
    expect(shortStatus({ cacheStatus: field, proxyStatus: null })).toBe(short);
  });

  it("is the error of Proxy-Status where the answer is made here", () => {
    const proxyStatus = "tidemark; error=destination_unavailable";
    expect(shortStatus({ cacheStatus: null, proxyStatus })).toBe("failed: destination_unavailable");
  });
});

describe("a line that a Worker has printed", () => {
  it.each([
    { id: "of Tidemark", text: '{"ts":"2026-11-21T17:06:57.807Z","event":"purge"}' },
    { id: "of a site", text: "hello" },
    { id: "that quotes one", text: 'x {"tidemark-start":"probed"}' },
  ])("is no request: $id", ({ text }) => {
    expect(toldIn(text)).toBeUndefined();
  });

  it("is one where the module before the Worker has printed it", () => {
    expect(toldIn('{"tidemark-start":{"method":"GET","status":200}}')).toEqual({
      method: "GET",
      status: 200,
    });
  });
});
