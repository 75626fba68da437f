// One row per rule of RFC 9213 §2.1, §2.2.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { responseDirectives } from "../../src/rules/cache-control.ts";
import { governingDirectives } from "../../src/rules/governing-directives.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const governedBy = (targeted: string, cacheControl = "max-age=7") =>
  governingDirectives(fieldsWith({ "cdn-cache-control": targeted, "cache-control": cacheControl }));

describe("governingDirectives", () => {
  it.each([
    { id: "valid", clause: "§2.2", text: "max-age=60", source: "targeted" },
    { id: "unknown-member", clause: "§3.1", text: "none", source: "targeted" },
    { id: "empty", clause: "§2.1", text: "", source: "cache-control" },
    { id: "spaces", clause: "§2.1", text: "   ", source: "cache-control" },
    { id: "not-parsed", clause: "§2.1", text: "max-age=60, &&&&&", source: "cache-control" },
    { id: "trailing-comma", clause: "§2.1", text: "max-age=60,", source: "cache-control" },
    { id: "empty-member", clause: "§2.1", text: "a,,b", source: "cache-control" },
    { id: "capitals", clause: "§2.1", text: "Max-Age=60", source: "cache-control" },
    { id: "space-before-equals", clause: "§2.1", text: "max-age =60", source: "cache-control" },
    { id: "space-after-equals", clause: "§2.1", text: "max-age= 60", source: "cache-control" },
    { id: "unclosed-string", clause: "§2.1", text: 'private="a', source: "cache-control" },
    { id: "multi-byte", clause: "§2.1", text: 'private="größe"', source: "cache-control" },
    { id: "fifteen-digits", clause: "§2.1", text: "max-age=999999999999999", source: "targeted" },
    {
      id: "sixteen-digits",
      clause: "§2.1",
      text: "max-age=9999999999999999",
      source: "cache-control",
    },
  ])("$id ($clause)", ({ text, source }) => {
    expect(governedBy(text).source).toBe(source);
  });

  it.each([
    { id: "before-cache-control", texts: { "surrogate-control": "max-age=60" }, seconds: 60 },
    {
      id: "after-cdn-cache-control",
      texts: { "surrogate-control": "max-age=60", "cdn-cache-control": "max-age=30" },
      seconds: 30,
    },
    {
      id: "in-place-of-a-broken-one",
      texts: { "surrogate-control": "max-age=60", "cdn-cache-control": "max-age=30, &" },
      seconds: 60,
    },
    { id: "says-nothing", texts: { "surrogate-control": 'content="ESI/1.0"' }, seconds: 7 },
  ])("Surrogate-Control is second on the target list: $id (§2.1)", ({ texts, seconds }) => {
    const all = { "cache-control": "max-age=7", ...texts } as Record<string, string>;
    expect(governingDirectives(fieldsWith(all)).directives.maxAgeSeconds).toBe(seconds);
  });

  it.each([
    { id: "no-store", cacheControl: "no-store", says: { noStore: false, private: false } },
    { id: "private", cacheControl: "private", says: { private: true } },
    { id: "private-fields", cacheControl: "private=a", says: { private: ["a"] } },
    { id: "in-both", cacheControl: "private=a", own: "private", says: { private: true } },
    {
      id: "wholly-in-the-other",
      cacheControl: "private",
      own: "private=a",
      says: { private: true },
    },
    {
      id: "other-fields-in-each",
      cacheControl: "private=b",
      own: "max-age=60, private=a",
      says: { private: ["a", "b"] },
    },
  ])("beside Surrogate-Control: $id (ours)", ({ cacheControl, own = "max-age=60", says }) => {
    const fields = fieldsWith({ "cache-control": cacheControl, "surrogate-control": own });
    expect(governingDirectives(fields)).toMatchObject({ source: "targeted", directives: says });
  });

  it("falls back to the directives of Cache-Control (§2.1)", () => {
    expect(governedBy("max-age=60, &").directives.maxAgeSeconds).toBe(7);
  });

  it("takes Cache-Control where there is no targeted field (§2.2)", () => {
    const governing = governingDirectives(fieldsWith({ "cache-control": "no-store" }));
    expect(governing).toMatchObject({ source: "cache-control", directives: { noStore: true } });
  });

  it.each(["other-cdn-cache-control", "other-cache-control", "cdn-cache-controls"])(
    "%s is not on the list, and changes nothing (§2.2, §2.4)",
    (name) => {
      const fields = fieldsWith({ [name]: "no-store", "cache-control": "max-age=7" });
      const governing = governingDirectives(fields);
      expect(governing).toMatchObject({ source: "cache-control", directives: { noStore: false } });
      expect(governing.directives.maxAgeSeconds).toBe(7);
    },
  );

  it("takes neither field's word where there is none", () => {
    expect(governingDirectives(fieldsWith({}))).toMatchObject({
      source: "cache-control",
      directives: { noStore: false },
    });
  });

  it.each([
    { id: "integer", clause: "§2.1", text: "max-age=60", says: { maxAgeSeconds: 60 } },
    {
      id: "s-maxage",
      clause: "§2.1",
      text: "s-maxage=5, max-age=60",
      says: { sMaxageSeconds: 5, maxAgeSeconds: 60 },
    },
    {
      id: "parameters-ignored",
      clause: "§2.1",
      text: "max-age=60;x=1",
      says: { maxAgeSeconds: 60 },
    },
    {
      id: "large",
      clause: "RFC 9111 §1.2.2",
      text: "max-age=99999999999",
      says: { maxAgeSeconds: 2_147_483_648 },
    },
    {
      id: "last-member-wins",
      clause: "RFC 9651 §3.2",
      text: "max-age=1, max-age=9",
      says: { maxAgeSeconds: 9 },
    },
    { id: "string-is-no-count", clause: "§2.1", text: 'max-age="60"', says: { maxAgeSeconds: 0 } },
    {
      id: "fraction-is-no-count",
      clause: "§2.1",
      text: "max-age=60.5",
      says: { maxAgeSeconds: 0 },
    },
    {
      id: "decimal-is-no-count",
      clause: "§2.1",
      text: "a, max-age=60.0;x, stale-if-error=60.0",
      says: { maxAgeSeconds: 0 },
    },
    { id: "public-with-a-value", clause: "§2.1", text: "public=1", says: {} },
    {
      id: "must-understand-with-a-value",
      clause: "§2.1",
      text: 'no-store, must-understand="x"',
      says: { noStore: true },
    },
    { id: "no-store-with-a-value", clause: "§2.1", text: "no-store=1", says: { noStore: true } },
    { id: "negative", clause: "§2.1", text: "max-age=-1", says: { maxAgeSeconds: 0 } },
    { id: "bare-max-age", clause: "§2.1", text: "max-age", says: { maxAgeSeconds: 0 } },
    { id: "token-is-no-count", clause: "§2.1", text: "s-maxage=a", says: { sMaxageSeconds: 0 } },
    { id: "list-is-no-count", clause: "§2.1", text: "s-maxage=(1 2)", says: { sMaxageSeconds: 0 } },
    { id: "stale-string", clause: "§2.1", text: 'stale-if-error="60"', says: {} },
    {
      id: "stale",
      clause: "RFC 5861 §4",
      text: "stale-if-error=60",
      says: { staleIfErrorSeconds: 60 },
    },
    { id: "boolean", clause: "§2.1", text: "no-store", says: { noStore: true } },
    { id: "true", clause: "§2.1", text: "no-store=?1", says: { noStore: true } },
    { id: "false", clause: "§2.1", text: "no-store=?0, private=?0", says: {} },
    { id: "private", clause: "§2.1", text: "private", says: { private: true } },
    { id: "qualified", clause: "§2.1", text: 'private="A, b"', says: { private: ["a", "b"] } },
    { id: "qualified-no-cache", clause: "§2.1", text: 'no-cache="a"', says: { noCache: ["a"] } },
    {
      id: "private-of-unexpected-type",
      clause: "§2.1",
      text: "private=(a b)",
      says: { private: true },
    },
    { id: "private-of-a-count", clause: "§2.1", text: "private=1.5", says: { private: true } },
    {
      id: "must-revalidate",
      clause: "§2.1",
      text: "must-revalidate",
      says: { mustRevalidate: true },
    },
    { id: "hides-cache-control", clause: "§2.2", text: "public", says: { public: true } },
  ])("$id ($clause)", ({ text, says }) => {
    expect(governedBy(text, "max-age=7, stale-if-error=7").directives).toEqual({
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

  it.each([
    "public",
    "must-revalidate",
    "proxy-revalidate",
    "must-understand",
    "no-store",
    "no-cache",
    'no-cache="a, B"',
    "private",
    'private="a"',
    "max-age=5",
    "s-maxage=5",
    "stale-while-revalidate=5",
    "stale-if-error=5",
    "immutable, x=1",
  ])("%s means what it means in Cache-Control (§2.2)", (text) => {
    const fields = fieldsWith({ "cache-control": text });
    expect(governedBy(text, "").directives).toEqual(responseDirectives(fields));
  });

  it("never throws; what does not parse changes nothing", () => {
    fc.assert(
      fc.property(headerText, headerText, (targeted, text) => {
        const { directives, source } = governedBy(targeted, text);
        if (source === "targeted") return;
        expect(directives).toEqual(
          governingDirectives(fieldsWith({ "cache-control": text })).directives,
        );
      }),
      seeded,
    );
  });
});
