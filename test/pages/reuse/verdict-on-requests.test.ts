// Tests whether a stored response may answer a request, by the request's directives and cookies
// (RFC 9111 §5.2.1). Ages are seconds since the response was stored.
import { describe, expect, it } from "vitest";
import { decide } from "../../../src/pages/reuse/may-answer.ts";
import { candidateOf, type Case, etag, questionOf, verdictOf } from "./verdict-cases.ts";

const stale = "forward stale";
const validated = "validate request";
const bound = "max-age=60, must-revalidate";

describe("the verdict on a request with directives", () => {
  const immutable = "max-age=60, immutable";
  const swr = { staleWhileRevalidate: "10s" } as const;

  it.each<[id: string, given: Case, verdict: string]>([
    ["max-age-met", { asks: "max-age=20", ageSeconds: 20 }, "serve"],
    ["max-age-missed", { asks: "max-age=20", ageSeconds: 20.5, more: etag }, validated],
    ["max-age-within-window", { asks: "max-age=5", ageSeconds: 65, route: swr }, stale],
    ["min-fresh-met", { asks: "min-fresh=20", ageSeconds: 40 }, "serve"],
    ["min-fresh-missed", { asks: "min-fresh=20", ageSeconds: 41, more: etag }, validated],
    ["min-fresh-within-window", { asks: "min-fresh=1", ageSeconds: 65, route: swr }, stale],
    ["max-stale-met", { asks: "max-stale=10", ageSeconds: 70 }, "serve-stale"],
    ["max-stale-missed", { asks: "max-stale=10", ageSeconds: 70.5 }, stale],
    ["max-stale-any", { asks: "max-stale", ageSeconds: 9_999 }, "serve-stale"],
    ["max-stale-unreadable", { asks: "max-stale=x", ageSeconds: 61 }, stale],
    ["max-stale-over-must-revalidate", { asks: "max-stale", ageSeconds: 61, stored: bound }, stale],
    [
      "max-stale-over-s-maxage",
      { asks: "max-stale", ageSeconds: 61, stored: "s-maxage=60" },
      stale,
    ],
    [
      "max-stale-and-max-age-over-s-maxage",
      { asks: "max-stale=10, max-age=65", ageSeconds: 61, stored: "s-maxage=60" },
      stale,
    ],
    ["max-stale-and-max-age", { asks: "max-stale=10, max-age=65", ageSeconds: 65 }, "serve-stale"],
    ["max-stale-but-too-old", { asks: "max-stale=10, max-age=64", ageSeconds: 65 }, stale],
    ["no-cache", { asks: "no-cache", more: etag }, validated],
    ["no-cache-over-immutable", { asks: "no-cache", more: etag, stored: immutable }, validated],
    ["no-cache-without-validator", { asks: "no-cache" }, "forward request"],
    ["no-cache-within-window", { asks: "no-cache", ageSeconds: 65, route: swr }, stale],
    ["no-cache-only-if-cached", { asks: "no-cache, only-if-cached" }, "gateway-timeout"],
  ])(
    "follows the directives if the route honours them: %s (RFC 9111 §5.2.1)",
    (_id, given, verdict) => {
      const route = { ...given.route, honourRequestDirectives: true };
      expect(verdictOf({ ...given, route })).toBe(verdict);
    },
  );

  it.each<[id: string, given: Case, verdict: string]>([
    ["min-fresh", { asks: "min-fresh=90", ageSeconds: 20 }, "serve"],
    ["max-stale", { asks: "max-stale", ageSeconds: 70 }, stale],
    ["no-cache", { asks: "no-cache" }, "serve"],
    ["reload-of-immutable", { asks: "max-age=0", stored: immutable, ageSeconds: 20 }, "serve"],
  ])("ignores the directives by default: %s", (_id, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
  });
});

describe("the verdict on a request with a cookie", () => {
  it.each<[id: string, given: Case, verdict: string]>([
    ["max-age-does-not-allow-sharing", {}, "forward request"],
    ["public", { stored: "public, max-age=60" }, "serve"],
    ["s-maxage", { stored: "s-maxage=60" }, "serve"],
    ["targeted", { more: { "cdn-cache-control": "max-age=60" } }, "serve"],
    [
      "targeted-public-hidden",
      { stored: "public", more: { "cdn-cache-control": "must-revalidate" } },
      "forward request",
    ],
    ["must-revalidate-does-not-allow-sharing", { stored: bound }, "forward request"],
    [
      "a-route-lifetime-does-not-allow-sharing",
      { stored: "x", route: { fresh: "5m" } },
      "forward request",
    ],
    ["only-if-cached", { asks: "only-if-cached" }, "gateway-timeout"],
    ["shared-and-stale", { stored: "s-maxage=60", more: etag, ageSeconds: 61 }, "validate stale"],
    ["harmless", { cookie: "_ga=1" }, "serve"],
    ["keyed", { route: { key: { cookies: ["session"] } } }, "serve"],
    ["ignored", { route: { cookies: { ignore: ["sess*"] } } }, "serve"],
  ])(
    "allows only explicitly shared responses if the cookie is unknown: %s",
    (_id, given, verdict) => {
      expect(verdictOf({ cookie: "session=1", ...given })).toBe(verdict);
    },
  );

  it("has no stale fallback for an error of the origin", () => {
    const verdict = decide(candidateOf({}), questionOf({ cookie: "session=1" }));
    expect(verdict).toMatchObject({ kind: "forward", reason: "request" });
    expect(verdict).not.toHaveProperty("fallback");
  });
});
