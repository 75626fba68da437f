// Tests the plan for a request before any lookup: to bypass the cache, to look up a stored
// response, or to answer under Tidemark's reserved path (RFC 9111 §3.5, §4.3.2, §5.2.1).
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { askedWith, configWith, planOf } from "../../../testing/examples/requests.ts";

const site = "https://www.example.com";
const date = "Tue, 01 Jan 2030 12:00:00 GMT";

describe("a request that a stored response must not answer", () => {
  const config = defineConfig({ routes: [{ name: "account", match: "/me/*", bypass: true }] });

  it.each([
    ["post", { method: "POST" }, "method", "method"],
    ["options", { method: "OPTIONS" }, "method", "method"],
    ["unknown-method", { method: "QUERY" }, "method", "method"],
    ["authorization", { headers: { authorization: "Basic x" } }, "authorization", "bypass"],
    ["authorization-empty", { headers: { authorization: "" } }, "authorization", "bypass"],
    ["route", { url: `${site}/me/x` }, "route", "bypass"],
    ["route-in-escapes", { url: `${site}/%6de/x` }, "route", "bypass"],
    ["upgrade", { headers: { upgrade: "websocket" } }, "upgrade", "bypass"],
    ["event-stream", { headers: { accept: "text/event-stream" } }, "event-stream", "bypass"],
    ["if-match", { headers: { "if-match": '"a"' } }, "precondition", "bypass"],
    ["if-unmodified-since", { headers: { "if-unmodified-since": date } }, "precondition", "bypass"],
    ["ambiguous-path", { url: `${site}/a%2fb` }, "ambiguous-path", "bypass"],
    ["long-path", { url: `${site}/`.padEnd(site.length + 2_049, "a") }, "long-url", "bypass"],
    ["long-spelling", { url: `${site}/${"%41".repeat(683)}` }, "long-url", "bypass"],
    ["long-query", { url: `${site}/?${"a".repeat(2_048)}` }, "long-url", "bypass"],
    ["long-in-bytes", { url: `${site}/${"ü".repeat(342)}` }, "long-url", "bypass"],
  ])("bypasses the cache: %s", (_id, request, rule, reason) => {
    expect(planOf(request, config)).toMatchObject({ kind: "pass", passed: { rule, reason } });
  });

  it("has a plan with the route's origin", () => {
    const bucket = defineConfig({
      origins: { bucket: { url: "https://bucket.example" } },
      routes: [{ name: "all", match: "*", origin: "bucket" }],
    });
    const planned = planOf({ method: "POST" }, bucket);
    expect(planned).toMatchObject({ passed: { route: { origin: "bucket" } } });
  });
});

describe("a request that a stored response may answer", () => {
  it.each([
    { method: "GET" },
    { method: "HEAD" },
    { headers: { range: "bytes=0-1" } },
    { headers: { "if-none-match": "*" } },
    { headers: { cookie: "session=1" } },
    { headers: { "cache-control": "no-cache, no-store" } },
    { headers: { accept: "text/html, */*" } },
    { url: `${site}/menu` },
    { url: `${site}/`.padEnd(site.length + 2_048, "a") },
    { url: `${site}/?${"a".repeat(2_047)}` },
    { url: `${site}/${"ü".repeat(341)}` },
    { url: `${site}/${"%41".repeat(682)}` },
    { url: `${site}/?utm_source=${"a".repeat(9_000)}` },
  ])("is looked up: %j", (request) => expect(planOf(request).kind).toBe("lookup"));
});

describe("a request for a path below or beside /_cache", () => {
  it.each([
    ["/_cache", "GET", "reserved"],
    ["/_cache/stored/ab12?x", "GET", "reserved"],
    ["/%2f_cache/stats", "GET", "reserved"],
    ["/_cache/x", "POST", "reserved"],
    ["/_cached", "GET", "lookup"],
  ])("is planned: %s by %s as %s", (path, method, kind) => {
    expect(planOf({ url: `${site}${path}`, method }).kind).toBe(kind);
  });
});

describe("the request's directives (RFC 9111 §5.2.1)", () => {
  it("include Pragma", () => {
    const config = configWith({ honourRequestDirectives: true });
    const { directives } = askedWith({ headers: { pragma: "no-cache" } }, config);
    expect(directives.noCache).toBe(true);
  });
});
