// One row per directive and per way to write it wrongly (RFC 9111 §1.2.2, §5.2, §5.4; RFC 5861).
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
  ])("$id (§1.2.2)", ({ text, seconds }) => {
    expect(deltaSeconds(text)).toBe(seconds);
  });
});

describe("responseDirectives", () => {
  it.each([
    { id: "max-age", clause: "§5.2.2.1", text: "max-age=60", says: { maxAgeSeconds: 60 } },
    { id: "quoted", clause: "§5.2", text: 'max-age="60"', says: { maxAgeSeconds: 60 } },
    { id: "single-quotes", clause: "§4.2.1", text: "max-age='60'", says: { maxAgeSeconds: 0 } },
    { id: "no-argument", clause: "§4.2.1", text: "max-age", says: { maxAgeSeconds: 0 } },
    { id: "unreadable", clause: "§4.2.1", text: "max-age=1h", says: { maxAgeSeconds: 0 } },
    { id: "negative", clause: "§4.2.1", text: "max-age=-1", says: { maxAgeSeconds: 0 } },
    { id: "fraction", clause: "§4.2.1", text: "max-age=1.5", says: { maxAgeSeconds: 0 } },
    { id: "space", clause: "§5.2", text: "max-age= 60", says: { maxAgeSeconds: 0 } },
    { id: "unclosed", clause: "§4.2.1", text: 'max-age="60, b', says: { maxAgeSeconds: 0 } },
    {
      id: "first-wins",
      clause: "§4.2.1",
      text: "max-age=1, max-age=9",
      says: { maxAgeSeconds: 1 },
    },
    {
      id: "unreadable-first-wins",
      clause: "§4.2.1",
      text: "max-age=x, max-age=9",
      says: { maxAgeSeconds: 0 },
    },
    { id: "s-maxage", clause: "§5.2.2.10", text: "s-maxage=5", says: { sMaxageSeconds: 5 } },
    { id: "s-maxage-bad", clause: "§4.2.1", text: "s-maxage=x", says: { sMaxageSeconds: 0 } },
    {
      id: "stale-while-revalidate",
      clause: "RFC 5861 §3",
      text: "stale-while-revalidate=30",
      says: { staleWhileRevalidateSeconds: 30 },
    },
    {
      id: "stale-while-revalidate-unreadable-allows-nothing",
      clause: "RFC 5861 §3",
      text: "stale-while-revalidate=x, stale-if-error",
      says: {},
    },
    {
      id: "stale-if-error",
      clause: "RFC 5861 §4",
      text: "stale-if-error=86400",
      says: { staleIfErrorSeconds: 86_400 },
    },
    { id: "no-store", clause: "§5.2.2.5", text: "No-Store", says: { noStore: true } },
    { id: "no-store-argument", clause: "§5.2.2.5", text: "no-store=1", says: { noStore: true } },
    { id: "no-cache", clause: "§5.2.2.4", text: "no-cache", says: { noCache: true } },
    {
      id: "no-cache-qualified",
      clause: "§5.2.2.4",
      text: 'no-cache="Set-Cookie, X-User"',
      says: { noCache: ["set-cookie", "x-user"] },
    },
    {
      id: "no-cache-qualified-token",
      clause: "§5.2.2.4",
      text: "no-cache=Set-Cookie",
      says: { noCache: ["set-cookie"] },
    },
    {
      id: "qualified-twice",
      clause: "§5.2.2.4",
      text: 'no-cache="a", no-cache="b"',
      says: { noCache: ["a", "b"] },
    },
    {
      id: "unqualified-wins",
      clause: "§5.2.2.4",
      text: 'no-cache="a", no-cache',
      says: { noCache: true },
    },
    {
      id: "qualified-by-nothing",
      clause: "§5.2.2.4",
      text: 'no-cache=""',
      says: { noCache: true },
    },
    {
      id: "qualified-by-commas",
      clause: "§5.2.2.4",
      text: 'no-cache=", "',
      says: { noCache: true },
    },
    { id: "private", clause: "§5.2.2.7", text: "private", says: { private: true } },
    {
      id: "private-qualified",
      clause: "§5.2.2.7",
      text: 'private="x-a"',
      says: { private: ["x-a"] },
    },
    {
      id: "private-by-what-is-no-field-name",
      clause: "§5.2.2.7",
      text: 'private="x-a x-b"',
      says: { private: true },
    },
    {
      id: "private-by-multi-byte-text",
      clause: "§5.2.2.7",
      text: 'private="x-a, größe"',
      says: { private: true },
    },
    { id: "public", clause: "§5.2.2.9", text: "public", says: { public: true } },
    {
      id: "must-revalidate",
      clause: "§5.2.2.2",
      text: "must-revalidate",
      says: { mustRevalidate: true },
    },
    {
      id: "proxy-revalidate",
      clause: "§5.2.2.8",
      text: "proxy-revalidate",
      says: { proxyRevalidate: true },
    },
    {
      id: "must-understand",
      clause: "§5.2.2.3",
      text: "must-understand, no-store",
      says: { mustUnderstand: true, noStore: true },
    },
    { id: "unknown", clause: "§5.2.3", text: "no-storage, immutable, x=1", says: {} },
    { id: "immutable-with-argument", clause: "RFC 8246 §2", text: "immutable=0", says: {} },
    {
      id: "immutable-naming-fields",
      clause: "RFC 8246 §2",
      text: 'immutable="no-cache, private", immutable',
      says: {},
    },
    { id: "inside-quotes", clause: "§5.2", text: 'x="no-store, private"', says: {} },
    { id: "empty", clause: "§5.2", text: "", says: {} },
  ])("$id ($clause)", ({ text, says }) => {
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
    const fields = new Headers([
      ["Cache-Control", "max-age=1"],
      ["Cache-Control", "max-age=9, public"],
    ]);
    expect(responseDirectives(fields)).toMatchObject({ maxAgeSeconds: 1, public: true });
  });

  it("does not hear Pragma in a response (§5.4)", () => {
    expect(responseDirectives(fieldsWith({ pragma: "no-cache, no-store" }))).toMatchObject({
      noCache: false,
      noStore: false,
    });
  });

  it("never throws; a stated duration lies between 0 and 2^31 (§1.2.2)", () => {
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
    { id: "max-age", clause: "§5.2.1.1", text: "max-age=0", says: { maxAgeSeconds: 0 } },
    { id: "max-age-unreadable", clause: "§5.2.1.1", text: "max-age=x", says: {} },
    {
      id: "max-stale-any",
      clause: "§5.2.1.2",
      text: "max-stale",
      says: { maxStaleSeconds: Infinity },
    },
    { id: "max-stale", clause: "§5.2.1.2", text: 'max-stale="10"', says: { maxStaleSeconds: 10 } },
    { id: "max-stale-none", clause: "§5.2.1.2", text: "max-stale=0", says: { maxStaleSeconds: 0 } },
    { id: "max-stale-unreadable", clause: "§5.2.1.2", text: "max-stale=x", says: {} },
    { id: "max-stale-empty", clause: "§5.2.1.2", text: "max-stale=", says: {} },
    { id: "min-fresh", clause: "§5.2.1.3", text: "min-fresh=7", says: { minFreshSeconds: 7 } },
    { id: "min-fresh-bare", clause: "§5.2.1.3", text: "min-fresh", says: {} },
    { id: "no-cache", clause: "§5.2.1.4", text: "No-Cache", says: { noCache: true } },
    { id: "no-store", clause: "§5.2.1.5", text: "no-store", says: { noStore: true } },
    {
      id: "only-if-cached",
      clause: "§5.2.1.7",
      text: "only-if-cached",
      says: { onlyIfCached: true },
    },
    {
      id: "several",
      clause: "§5.2",
      text: "no-cache, no-store",
      says: { noCache: true, noStore: true },
    },
    { id: "response-directives", clause: "§5.2.1", text: "private, s-maxage=1", says: {} },
  ])("$id ($clause)", ({ text, says }) => {
    expect(requestDirectives(fieldsWith({ "cache-control": text }))).toEqual({
      noCache: false,
      noStore: false,
      onlyIfCached: false,
      ...says,
    });
  });

  const nothing = { noCache: false, noStore: false, onlyIfCached: false };
  it.each([
    { id: "no-cache", fields: { pragma: "no-cache" }, says: { noCache: true } },
    { id: "in-capitals", fields: { pragma: "NO-CACHE" }, says: { noCache: true } },
    { id: "among-others", fields: { pragma: "x=1, no-cache" }, says: { noCache: true } },
    {
      id: "hidden",
      fields: { pragma: "no-cache", "cache-control": "max-age=9" },
      says: { maxAgeSeconds: 9 },
    },
    { id: "hidden-by-empty", fields: { pragma: "no-cache", "cache-control": "" }, says: {} },
    {
      id: "says-nothing-else",
      fields: { pragma: "no-store, only-if-cached, max-stale" },
      says: {},
    },
    { id: "absent", fields: {}, says: {} },
  ])("Pragma: $id (§5.4)", ({ fields, says }) => {
    expect(requestDirectives(fieldsWith(fields as Record<string, string>))).toEqual({
      ...nothing,
      ...says,
    });
  });

  it("never throws, and hears Pragma only in the absence of Cache-Control (§5.4)", () => {
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
