// What may answer at an instant, and what may in place of an error (RFC 9111 §4, §4.2.4;
// RFC 5861 §3, §4). Ages are seconds since the example was stored.
import { describe, expect, it } from "vitest";
import { decide, decideOnError } from "../../../src/proxy/reuse/verdict.ts";
import { storedAtMs } from "../../../testing/examples/requests.ts";
import { candidateOf, type Case, etag, questionOf, verdictOf } from "./verdict-cases.ts";

describe("nothing found", () => {
  it.each([
    { id: "uri-miss", found: "uri-miss", verdict: "forward uri-miss" },
    { id: "vary-miss", found: "vary-miss", verdict: "forward vary-miss" },
    { id: "only-if-cached", found: "uri-miss", asks: "only-if-cached", verdict: "gateway-timeout" },
  ] as const)("$id", ({ found, verdict, ...given }) => {
    expect(verdictOf(given, found)).toBe(verdict);
  });
});

describe("fresh and stale", () => {
  it.each<Case & { verdict: string }>([
    { id: "fresh", ageSeconds: 59.999, verdict: "serve" },
    { id: "stale-at-its-lifetime", ageSeconds: 60, verdict: "forward stale" },
    { id: "validator", ageSeconds: 60, more: etag, verdict: "validate stale" },
    {
      id: "last-modified",
      ageSeconds: 60,
      more: { "last-modified": "x" },
      verdict: "validate stale",
    },
    { id: "no-cache", stored: "no-cache, max-age=60", more: etag, verdict: "validate stale" },
    { id: "no-cache-field", stored: 'no-cache="x", max-age=60', verdict: "serve" },
    { id: "immutable-fresh", stored: "max-age=60, immutable", more: etag, verdict: "serve" },
    {
      id: "immutable-stale",
      stored: "max-age=60, immutable",
      ageSeconds: 60,
      more: etag,
      verdict: "validate stale",
    },
    { id: "only-if-cached", ageSeconds: 60, asks: "only-if-cached", verdict: "gateway-timeout" },
    { id: "only-if-cached-fresh", asks: "only-if-cached", verdict: "serve" },
    {
      id: "only-if-cached-within-window",
      stored: "max-age=60, stale-while-revalidate=10",
      ageSeconds: 65,
      asks: "only-if-cached",
      verdict: "serve-stale+refresh",
    },
  ])("$id (RFC 9111 §4)", ({ verdict, ...given }) => {
    expect(verdictOf(given)).toBe(verdict);
  });

  it("carries age and what is left", () => {
    const verdict = decide(candidateOf({ id: "" }), questionOf({ id: "", ageSeconds: 20 }));
    expect(verdict).toMatchObject({ kind: "serve", ageSeconds: 20, ttlSeconds: 40 });
  });
});

describe("stale-while-revalidate", () => {
  const stored = "max-age=60, stale-while-revalidate=10";

  it.each<Case & { verdict: string }>([
    { id: "first", stored, ageSeconds: 60, verdict: "serve-stale+refresh" },
    { id: "last", stored, ageSeconds: 69.999, verdict: "serve-stale+refresh" },
    { id: "after", stored, ageSeconds: 70, verdict: "forward stale" },
    {
      id: "must-revalidate",
      stored: `${stored}, must-revalidate`,
      ageSeconds: 61,
      verdict: "forward stale",
    },
    {
      id: "proxy-revalidate",
      stored: `${stored}, proxy-revalidate`,
      ageSeconds: 61,
      verdict: "forward stale",
    },
    { id: "no-cache", stored: `${stored}, no-cache`, ageSeconds: 61, verdict: "forward stale" },
    {
      id: "of-the-route",
      route: { staleWhileRevalidate: "10s" },
      ageSeconds: 69,
      verdict: "serve-stale+refresh",
    },
    {
      id: "s-maxage-beside-it",
      stored: "s-maxage=60, stale-while-revalidate=10",
      ageSeconds: 61,
      verdict: "serve-stale+refresh",
    },
  ])("$id (RFC 5861 §3)", ({ verdict, ...given }) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("purged", () => {
  const hard = { kind: "purged", mode: "hard" } as const;
  const soft = { kind: "purged", mode: "soft", sinceAtMs: storedAtMs + 20_000 } as const;
  const unverified = { kind: "unverified", why: "no-view" } as const;
  const swr = "max-age=60, stale-while-revalidate=10";

  it.each<Case & { verdict: string }>([
    { id: "hard", judged: hard, stored: swr, more: etag, verdict: "validate stale" },
    {
      id: "hard-and-max-stale",
      judged: hard,
      asks: "max-stale",
      route: { honourRequestDirectives: true },
      verdict: "forward stale",
    },
    { id: "soft", judged: soft, more: etag, verdict: "validate stale" },
    {
      id: "soft-with-leave",
      judged: soft,
      stored: swr,
      ageSeconds: 29.999,
      verdict: "serve-stale+refresh",
    },
    {
      id: "soft-beyond-the-window-since-the-purge",
      judged: soft,
      stored: swr,
      ageSeconds: 30,
      verdict: "forward stale",
    },
    {
      id: "soft-by-a-clock-that-is-ahead",
      judged: soft,
      stored: swr,
      ageSeconds: 10,
      verdict: "serve-stale+refresh",
    },
    { id: "unverified", judged: unverified, stored: swr, verdict: "forward stale" },
  ])("$id", ({ verdict, ...given }) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("in place of an error", () => {
  const stored = "max-age=60, stale-if-error=10";
  const hard = { kind: "purged", mode: "hard" } as const;
  const soft = { kind: "purged", mode: "soft", sinceAtMs: storedAtMs + 5_000 } as const;

  it.each<Case & { allowed: boolean }>([
    { id: "first", stored, ageSeconds: 60, allowed: true },
    { id: "last", stored, ageSeconds: 69.999, allowed: true },
    { id: "after", stored, ageSeconds: 70, allowed: false },
    { id: "no-allowance", ageSeconds: 61, allowed: false },
    { id: "of-the-route", route: { staleIfError: "10s" }, ageSeconds: 69, allowed: true },
    {
      id: "zero-over-the-route",
      stored: "max-age=60, stale-if-error=0",
      route: { staleIfError: "1h" },
      ageSeconds: 60,
      allowed: false,
    },
    { id: "must-revalidate", stored: `${stored}, must-revalidate`, ageSeconds: 61, allowed: false },
    {
      id: "proxy-revalidate",
      stored: `${stored}, proxy-revalidate`,
      ageSeconds: 61,
      allowed: false,
    },
    { id: "no-cache", stored: `${stored}, no-cache`, ageSeconds: 61, allowed: false },
    { id: "purged", stored, ageSeconds: 61, judged: hard, allowed: false },
    {
      id: "unverified",
      stored,
      ageSeconds: 61,
      judged: { kind: "unverified", why: "no-view" },
      allowed: false,
    },
    {
      id: "fresh-though-the-request-wished-for-fresher",
      asks: "no-cache",
      route: { honourRequestDirectives: true },
      allowed: true,
    },
    { id: "soft", stored, judged: soft, ageSeconds: 14.999, allowed: true },
    { id: "soft-too-late", stored, judged: soft, ageSeconds: 15, allowed: false },
    { id: "soft-without-leave", judged: soft, allowed: false },
  ])("$id (RFC 5861 §4)", ({ allowed, ...given }) => {
    const stale = decideOnError(candidateOf(given), questionOf(given));
    expect(stale !== undefined).toBe(allowed);
  });

  it("nothing where nothing is at hand", () => {
    expect(decideOnError(undefined, questionOf({ id: "" }))).toBeUndefined();
  });
});
