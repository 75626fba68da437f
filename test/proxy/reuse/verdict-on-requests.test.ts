// What a request's own directives and cookies change (RFC 9111 §5.2.1).
// Ages are seconds since the example was stored.
import { describe, expect, it } from "vitest";
import { decide } from "../../../src/proxy/reuse/verdict.ts";
import { candidateOf, type Case, etag, questionOf, verdictOf } from "./verdict-cases.ts";

describe("what the request asks for", () => {
  const honour = { honourRequestDirectives: true };
  const swr = { staleWhileRevalidate: "10s" } as const;

  it.each<Case & { verdict: string }>([
    { id: "max-age-met", asks: "max-age=20", ageSeconds: 20, verdict: "serve" },
    {
      id: "max-age-missed",
      asks: "max-age=20",
      ageSeconds: 20.5,
      more: etag,
      verdict: "validate request",
    },
    {
      id: "max-age-within-window",
      asks: "max-age=5",
      ageSeconds: 65,
      route: swr,
      verdict: "forward stale",
    },
    { id: "min-fresh-met", asks: "min-fresh=20", ageSeconds: 40, verdict: "serve" },
    {
      id: "min-fresh-missed",
      asks: "min-fresh=20",
      ageSeconds: 41,
      more: etag,
      verdict: "validate request",
    },
    {
      id: "min-fresh-within-window",
      asks: "min-fresh=1",
      ageSeconds: 65,
      route: swr,
      verdict: "forward stale",
    },
    { id: "max-stale-met", asks: "max-stale=10", ageSeconds: 70, verdict: "serve-stale" },
    { id: "max-stale-missed", asks: "max-stale=10", ageSeconds: 70.5, verdict: "forward stale" },
    { id: "max-stale-any", asks: "max-stale", ageSeconds: 9_999, verdict: "serve-stale" },
    { id: "max-stale-unreadable", asks: "max-stale=x", ageSeconds: 61, verdict: "forward stale" },
    {
      id: "max-stale-over-must-revalidate",
      asks: "max-stale",
      stored: "max-age=60, must-revalidate",
      ageSeconds: 61,
      verdict: "forward stale",
    },
    {
      id: "max-stale-over-s-maxage",
      asks: "max-stale",
      stored: "s-maxage=60",
      ageSeconds: 61,
      verdict: "forward stale",
    },
    {
      id: "max-stale-and-max-age-over-s-maxage",
      asks: "max-stale=10, max-age=65",
      stored: "s-maxage=60",
      ageSeconds: 61,
      verdict: "forward stale",
    },
    {
      id: "max-stale-and-max-age",
      asks: "max-stale=10, max-age=65",
      ageSeconds: 65,
      verdict: "serve-stale",
    },
    {
      id: "max-stale-but-too-old",
      asks: "max-stale=10, max-age=64",
      ageSeconds: 65,
      verdict: "forward stale",
    },
    { id: "no-cache", asks: "no-cache", more: etag, verdict: "validate request" },
    {
      id: "no-cache-over-immutable",
      asks: "no-cache",
      stored: "max-age=60, immutable",
      more: etag,
      verdict: "validate request",
    },
    { id: "no-cache-without-validator", asks: "no-cache", verdict: "forward request" },
    {
      id: "no-cache-within-window",
      asks: "no-cache",
      ageSeconds: 65,
      route: swr,
      verdict: "forward stale",
    },
    { id: "no-cache-only-if-cached", asks: "no-cache, only-if-cached", verdict: "gateway-timeout" },
  ])("honoured: $id (RFC 9111 §5.2.1)", ({ verdict, route, ...given }) => {
    expect(verdictOf({ ...given, route: { ...route, ...honour } })).toBe(verdict);
  });

  it.each<Case & { verdict: string }>([
    { id: "max-age", asks: "max-age=0", ageSeconds: 20, verdict: "serve" },
    { id: "min-fresh", asks: "min-fresh=90", ageSeconds: 20, verdict: "serve" },
    { id: "max-stale", asks: "max-stale", ageSeconds: 70, verdict: "forward stale" },
    { id: "no-cache", asks: "no-cache", verdict: "serve" },
    {
      id: "reload-of-immutable",
      asks: "max-age=0",
      stored: "max-age=60, immutable",
      more: etag,
      ageSeconds: 20,
      verdict: "serve",
    },
  ])("not honoured: $id", ({ verdict, ...given }) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("a request with an unknown cookie", () => {
  const cookie = "session=1";

  it.each<Case & { verdict: string }>([
    { id: "max-age-is-no-grant", cookie, verdict: "forward request" },
    { id: "public", cookie, stored: "public, max-age=60", verdict: "serve" },
    { id: "s-maxage", cookie, stored: "s-maxage=60", verdict: "serve" },
    { id: "targeted", cookie, more: { "cdn-cache-control": "max-age=60" }, verdict: "serve" },
    {
      id: "targeted-public-hidden",
      cookie,
      stored: "public",
      more: { "cdn-cache-control": "must-revalidate" },
      verdict: "forward request",
    },
    {
      id: "must-revalidate-is-no-grant",
      cookie,
      stored: "max-age=60, must-revalidate",
      verdict: "forward request",
    },
    {
      id: "the-route-is-no-grant",
      cookie,
      stored: "x",
      route: { fresh: "5m" },
      verdict: "forward request",
    },
    { id: "only-if-cached", cookie, asks: "only-if-cached", verdict: "gateway-timeout" },
    {
      id: "granted-and-stale",
      cookie,
      stored: "s-maxage=60",
      more: etag,
      ageSeconds: 61,
      verdict: "validate stale",
    },
    { id: "harmless", cookie: "_ga=1", verdict: "serve" },
    { id: "keyed", cookie, route: { key: { cookies: ["session"] } }, verdict: "serve" },
    { id: "ignored", cookie, route: { cookies: { ignore: ["sess*"] } }, verdict: "serve" },
  ])("$id", ({ verdict, ...given }) => {
    expect(verdictOf(given)).toBe(verdict);
  });

  it("gets nothing in place of an error that it could not have got before", () => {
    const verdict = decide(candidateOf({ id: "" }), questionOf({ id: "", cookie }));
    expect(verdict).toMatchObject({ kind: "forward", reason: "request" });
    expect(verdict).not.toHaveProperty("fallback");
  });
});
