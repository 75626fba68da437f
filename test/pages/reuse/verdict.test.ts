// Tests whether a stored response may answer, by its age, its directives and purges, and whether it
// may replace an error (RFC 9111 §4, §4.2.4; RFC 5861 §3, §4). Ages are seconds since it was
// stored.
import { describe, expect, it } from "vitest";
import { decide, decideOnError } from "../../../src/pages/reuse/may-answer.ts";
import { storedAtMs } from "../../../testing/examples/requests.ts";
import { candidateOf, type Case, etag, questionOf, verdictOf } from "./verdict-cases.ts";

const refreshed = "serve-stale+refresh";
const honour = { honourRequestDirectives: true };
const within = "max-age=60, stale-while-revalidate=10";
const unverified = { kind: "unverified", why: "no-view" } as const;
const immutable = "max-age=60, immutable";

describe("the verdict without a stored response", () => {
  it.each([
    ["uri-miss", "uri-miss", {}, "forward uri-miss"],
    ["vary-miss", "vary-miss", {}, "forward vary-miss"],
    ["only-if-cached", "uri-miss", { asks: "only-if-cached" }, "gateway-timeout"],
  ] as const)("is to forward, or to answer 504: %s", (_id, found, given, verdict) => {
    expect(verdictOf(given, found)).toBe(verdict);
  });
});

describe("the verdict on a stored response, by its age", () => {
  it.each<[id: string, given: Case, verdict: string]>([
    ["fresh", { ageSeconds: 59.999 }, "serve"],
    ["stale-at-its-lifetime", { ageSeconds: 60 }, "forward stale"],
    ["ahead-by-A", { ageSeconds: -1 }, "serve"],
    ["ahead-beyond-A", { ageSeconds: -1.001 }, "forward stale"],
    ["ahead-with-a-validator", { ageSeconds: -3_600, more: etag }, "validate stale"],
    ["ahead-but-stale-is-allowed", { stored: within, ageSeconds: -3_600 }, "forward stale"],
    ["validator", { ageSeconds: 60, more: etag }, "validate stale"],
    ["last-modified", { ageSeconds: 60, more: { "last-modified": "x" } }, "validate stale"],
    ["no-cache", { stored: "no-cache, max-age=60", more: etag }, "validate stale"],
    ["no-cache-field", { stored: 'no-cache="x", max-age=60' }, "serve"],
    ["immutable-fresh", { stored: immutable, more: etag }, "serve"],
    ["immutable-stale", { stored: immutable, ageSeconds: 60, more: etag }, "validate stale"],
    ["only-if-cached", { ageSeconds: 60, asks: "only-if-cached" }, "gateway-timeout"],
    ["only-if-cached-fresh", { asks: "only-if-cached" }, "serve"],
    [
      "only-if-cached-in-window",
      { stored: within, ageSeconds: 65, asks: "only-if-cached" },
      refreshed,
    ],
  ])("follows from the age and the directives: %s (RFC 9111 §4)", (_id, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
  });

  it("states the age and the remaining lifetime", () => {
    const verdict = decide(candidateOf({}), questionOf({ ageSeconds: 20 }));
    expect(verdict).toMatchObject({ kind: "serve", ageSeconds: 20, ttlSeconds: 40 });
  });
});

describe("the verdict on a response with stale-while-revalidate", () => {
  const stored = within;
  const byRoute = { staleWhileRevalidate: "10s" } as const;

  it.each<[id: string, given: Case, verdict: string]>([
    ["first", { stored, ageSeconds: 60 }, refreshed],
    ["last", { stored, ageSeconds: 69.999 }, refreshed],
    ["after", { stored, ageSeconds: 70 }, "forward stale"],
    ["must-revalidate", { stored: `${stored}, must-revalidate`, ageSeconds: 61 }, "forward stale"],
    [
      "proxy-revalidate",
      { stored: `${stored}, proxy-revalidate`, ageSeconds: 61 },
      "forward stale",
    ],
    ["no-cache", { stored: `${stored}, no-cache`, ageSeconds: 61 }, "forward stale"],
    ["of-the-route", { ageSeconds: 69, route: byRoute }, refreshed],
    [
      "with-s-maxage",
      { stored: "s-maxage=60, stale-while-revalidate=9", ageSeconds: 61 },
      refreshed,
    ],
  ])("is to serve stale and refresh, or to forward: %s (RFC 5861 §3)", (_id, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("the verdict on a purged or unverified response", () => {
  const hard = { kind: "purged", mode: "hard" } as const;
  const soft = { kind: "purged", mode: "soft", sinceAtMs: storedAtMs + 20_000 } as const;

  it.each<[id: string, given: Case, verdict: string]>([
    ["hard", { judged: hard, stored: within, more: etag }, "validate stale"],
    ["hard-and-max-stale", { judged: hard, asks: "max-stale", route: honour }, "forward stale"],
    ["soft", { judged: soft, more: etag }, "validate stale"],
    ["soft-with-an-allowance", { judged: soft, stored: within, ageSeconds: 29.999 }, refreshed],
    ["soft-beyond-the-window", { judged: soft, stored: within, ageSeconds: 30 }, "forward stale"],
    ["soft-clock-ahead", { judged: soft, stored: within, ageSeconds: 10 }, refreshed],
    ["unverified", { judged: unverified, stored: within }, "forward stale"],
  ])("is never to serve the response as fresh: %s", (_id, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("a stored response after an error of the origin", () => {
  const stored = "max-age=60, stale-if-error=10";
  const hard = { kind: "purged", mode: "hard" } as const;
  const soft = { kind: "purged", mode: "soft", sinceAtMs: storedAtMs + 5_000 } as const;

  it.each<[id: string, given: Case, allowed: boolean]>([
    ["first", { stored, ageSeconds: 60 }, true],
    ["last", { stored, ageSeconds: 69.999 }, true],
    ["after", { stored, ageSeconds: 70 }, false],
    ["no-allowance", { ageSeconds: 61 }, false],
    ["of-the-route", { route: { staleIfError: "10s" }, ageSeconds: 69 }, true],
    [
      "zero-over-the-route",
      { stored: "max-age=60, stale-if-error=0", route: { staleIfError: "1h" }, ageSeconds: 60 },
      false,
    ],
    ["must-revalidate", { stored: `${stored}, must-revalidate`, ageSeconds: 61 }, false],
    ["proxy-revalidate", { stored: `${stored}, proxy-revalidate`, ageSeconds: 61 }, false],
    ["no-cache", { stored: `${stored}, no-cache`, ageSeconds: 61 }, false],
    ["purged", { stored, ageSeconds: 61, judged: hard }, false],
    ["unverified", { stored, ageSeconds: 61, judged: unverified }, false],
    ["fresh-but-refused", { route: honour, asks: "no-cache" }, true],
    ["soft", { stored, ageSeconds: 14.999, judged: soft }, true],
    ["soft-too-late", { stored, ageSeconds: 15, judged: soft }, false],
    ["soft-without-an-allowance", { judged: soft }, false],
  ])("may answer or not: %s, $2 (RFC 5861 §4)", (_id, given, allowed) => {
    const stale = decideOnError(candidateOf(given), questionOf(given));
    expect(stale !== undefined).toBe(allowed);
  });

  it("is undefined if the lookup found none", () => {
    expect(decideOnError(undefined, questionOf({}))).toBeUndefined();
  });
});
