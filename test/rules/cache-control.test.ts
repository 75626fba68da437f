// Tests the parsing of Cache-Control, with one row for each directive and for each malformed
// spelling (RFC 9111 §1.2.2, §5.2, §5.4; RFC 5861).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  deltaSeconds,
  requestDirectives,
  responseDirectives,
} from "../../src/rules/cache-control.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

describe("deltaSeconds", () => {
  it.each([
    { id: "absent", text: undefined, seconds: undefined },
    { id: "empty", text: "", seconds: undefined },
    { id: "zero", text: "0", seconds: 0 },
    { id: "leading-zeros", text: "0060", seconds: 60 },
    { id: "below-the-limit", text: "2147483647", seconds: 2_147_483_647 },
    { id: "at-the-limit", text: "2147483648", seconds: 2_147_483_648 },
    { id: "above-the-limit", text: "2147483649", seconds: 2_147_483_648 },
    { id: "beyond-any-integer", text: "9".repeat(5_000), seconds: 2_147_483_648 },
    { id: "negative", text: "-1", seconds: undefined },
    { id: "plus", text: "+1", seconds: undefined },
    { id: "fraction", text: "1.5", seconds: undefined },
    { id: "exponent", text: "1e3", seconds: undefined },
    { id: "hexadecimal", text: "0x10", seconds: undefined },
    { id: "space", text: " 1", seconds: undefined },
    { id: "line-end", text: "1\n", seconds: undefined },
    { id: "digits-of-another-script", text: "٣", seconds: undefined },
  ])("reads only digits: $id (§1.2.2)", ({ text, seconds }) => {
    expect(deltaSeconds(text)).toBe(seconds);
  });
});

describe("responseDirectives", () => {
  it.each([
    ["max-age", "§5.2.2.1", "max-age=60", { maxAgeSeconds: 60 }],
    ["quoted", "§5.2", 'max-age="60"', { maxAgeSeconds: 60 }],
    ["single-quotes", "§4.2.1", "max-age='60'", { maxAgeSeconds: 0 }],
    ["no-argument", "§4.2.1", "max-age", { maxAgeSeconds: 0 }],
    ["unreadable", "§4.2.1", "max-age=1h", { maxAgeSeconds: 0 }],
    ["negative", "§4.2.1", "max-age=-1", { maxAgeSeconds: 0 }],
    ["fraction", "§4.2.1", "max-age=1.5", { maxAgeSeconds: 0 }],
    ["space", "§5.2", "max-age= 60", { maxAgeSeconds: 0 }],
    ["unclosed", "§4.2.1", 'max-age="60, b', { maxAgeSeconds: 0 }],
    ["first-wins", "§4.2.1", "max-age=1, max-age=9", { maxAgeSeconds: 1 }],
    ["unreadable-first-wins", "§4.2.1", "max-age=x, max-age=9", { maxAgeSeconds: 0 }],
    ["s-maxage", "§5.2.2.10", "s-maxage=5", { sMaxageSeconds: 5 }],
    ["s-maxage-bad", "§4.2.1", "s-maxage=x", { sMaxageSeconds: 0 }],
    [
      "stale-while-revalidate",
      "RFC 5861 §3",
      "stale-while-revalidate=30",
      { staleWhileRevalidateSeconds: 30 },
    ],
    ["stale-unreadable", "RFC 5861 §3", "stale-while-revalidate=x, stale-if-error", {}],
    ["stale-if-error", "RFC 5861 §4", "stale-if-error=86400", { staleIfErrorSeconds: 86_400 }],
    ["no-store", "§5.2.2.5", "No-Store", { noStore: true }],
    ["no-store-argument", "§5.2.2.5", "no-store=1", { noStore: true }],
    ["no-cache", "§5.2.2.4", "no-cache", { noCache: true }],
    [
      "no-cache-qualified",
      "§5.2.2.4",
      'no-cache="Set-Cookie, X-User"',
      { noCache: ["set-cookie", "x-user"] },
    ],
    ["no-cache-qualified-token", "§5.2.2.4", "no-cache=Set-Cookie", { noCache: ["set-cookie"] }],
    ["qualified-twice", "§5.2.2.4", 'no-cache="a", no-cache="b"', { noCache: ["a", "b"] }],
    ["unqualified-wins", "§5.2.2.4", 'no-cache="a", no-cache', { noCache: true }],
    ["qualified-with-an-empty-list", "§5.2.2.4", 'no-cache=""', { noCache: true }],
    ["qualified-with-only-commas", "§5.2.2.4", 'no-cache=", "', { noCache: true }],
    ["empty-member", "RFC 9110 §5.6.1.2", 'no-cache="a, ,b,"', { noCache: ["a", "b"] }],
    ["private", "§5.2.2.7", "private", { private: true }],
    ["private-qualified", "§5.2.2.7", 'private="x-a"', { private: ["x-a"] }],
    [
      "private-with-an-essential-field",
      "§5.2.2.7",
      'private="x-a, Content-Type"',
      { private: true },
    ],
    ["no-cache-with-an-essential-field", "§5.2.2.4", "no-cache=ETag", { noCache: true }],
    ["private-with-an-invalid-field-name", "§5.2.2.7", 'private="x-a x-b"', { private: true }],
    ["private-with-multi-byte-text", "§5.2.2.7", 'private="x-a, größe"', { private: true }],
    ["public", "§5.2.2.9", "public", { public: true }],
    ["must-revalidate", "§5.2.2.2", "must-revalidate", { mustRevalidate: true }],
    ["proxy-revalidate", "§5.2.2.8", "proxy-revalidate", { proxyRevalidate: true }],
    [
      "must-understand",
      "§5.2.2.3",
      "must-understand, no-store",
      { mustUnderstand: true, noStore: true },
    ],
    ["unknown", "§5.2.3", "no-storage, immutable, x=1", {}],
    ["immutable-with-argument", "RFC 8246 §2", "immutable=0", {}],
    ["immutable-with-field-names", "RFC 8246 §2", 'immutable="no-cache, private", immutable', {}],
    ["inside-quotes", "§5.2", 'x="no-store, private"', {}],
    ["empty", "§5.2", "", {}],
  ])("reads Cache-Control of a response: %s (%s)", (_id, _clause, text, says) => {
    expect(responseDirectives(fieldsWith({ "cache-control": text }))).toEqual({
      noStore: false,
      noCache: false,
      private: false,
      public: false,
      mustRevalidate: false,
      proxyRevalidate: false,
      mustUnderstand: false,
      ...says,
    });
  });

  it("combines the lines of a repeated field in their order (RFC 9110 §5.3)", () => {
    const lines = ["max-age=1", "max-age=9, public"];
    const fields = new Headers(lines.map((line) => ["Cache-Control", line]));
    expect(responseDirectives(fields)).toMatchObject({ maxAgeSeconds: 1, public: true });
  });

  it("ignores Pragma in a response (§5.4)", () => {
    expect(responseDirectives(fieldsWith({ pragma: "no-cache, no-store" }))).toMatchObject({
      noCache: false,
      noStore: false,
    });
  });

  it("never throws, and returns durations between 0 and 2^31 (§1.2.2)", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        const directives = responseDirectives(fieldsWith({ "cache-control": text }));
        for (const value of Object.values(directives)) {
          if (typeof value !== "number") continue;
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(2_147_483_648);
        }
      }),
      seeded,
    );
  });
});

describe("requestDirectives", () => {
  it.each([
    ["max-age", "§5.2.1.1", "max-age=0", { maxAgeSeconds: 0 }],
    ["max-age-unreadable", "§5.2.1.1", "max-age=x", {}],
    ["max-stale-any", "§5.2.1.2", "max-stale", { maxStaleSeconds: Infinity }],
    ["max-stale", "§5.2.1.2", 'max-stale="10"', { maxStaleSeconds: 10 }],
    ["max-stale-none", "§5.2.1.2", "max-stale=0", { maxStaleSeconds: 0 }],
    ["max-stale-unreadable", "§5.2.1.2", "max-stale=x", {}],
    ["max-stale-empty", "§5.2.1.2", "max-stale=", {}],
    ["min-fresh", "§5.2.1.3", "min-fresh=7", { minFreshSeconds: 7 }],
    ["min-fresh-bare", "§5.2.1.3", "min-fresh", {}],
    ["no-cache", "§5.2.1.4", "No-Cache", { noCache: true }],
    ["no-store", "§5.2.1.5", "no-store", { noStore: true }],
    ["only-if-cached", "§5.2.1.7", "only-if-cached", { onlyIfCached: true }],
    ["several", "§5.2", "no-cache, no-store", { noCache: true, noStore: true }],
    ["response-directives", "§5.2.1", "private, s-maxage=1", {}],
    ["within-1024-characters", "ours", `${"x".repeat(1_015)},no-cache`, { noCache: true }],
    ["beyond-1024-characters", "ours", `${"x".repeat(1_016)},no-cache`, {}],
  ])("reads Cache-Control of a request: %s (%s)", (_id, _clause, text, says) => {
    expect(requestDirectives(fieldsWith({ "cache-control": text }))).toEqual({
      noCache: false,
      noStore: false,
      onlyIfCached: false,
      ...says,
    });
  });

  const nothing = { noCache: false, noStore: false, onlyIfCached: false };
  it.each([
    ["no-cache", { pragma: "no-cache" }, { noCache: true }],
    ["in-capitals", { pragma: "NO-CACHE" }, { noCache: true }],
    ["among-others", { pragma: "x=1, no-cache" }, { noCache: true }],
    ["hidden", { pragma: "no-cache", "cache-control": "max-age=9" }, { maxAgeSeconds: 9 }],
    ["hidden-by-empty", { pragma: "no-cache", "cache-control": "" }, {}],
    ["with-other-directives", { pragma: "no-store, only-if-cached, max-stale" }, {}],
    ["absent", {}, {}],
  ])("reads only no-cache in Pragma: %s (§5.4)", (_id, fields, says) => {
    expect(requestDirectives(fieldsWith(fields as Record<string, string>))).toEqual({
      ...nothing,
      ...says,
    });
  });

  it("never throws, and reads Pragma only without Cache-Control (§5.4)", () => {
    fc.assert(
      fc.property(headerText, headerText, (text, pragma) => {
        expect(requestDirectives(fieldsWith({ "cache-control": text, pragma }))).toEqual(
          requestDirectives(fieldsWith({ "cache-control": text })),
        );
        expect(requestDirectives(fieldsWith({ pragma })).onlyIfCached).toBe(false);
      }),
      seeded,
    );
  });
});
