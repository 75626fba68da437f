// Tests which field governs a response: a targeted field or Cache-Control, with one row for each
// rule of RFC 9213 §2.1 and §2.2.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { responseDirectives, governingDirectives } from "../../src/rules/cache-control.ts";
import { fieldsWith, headerText, seeded } from "../../testing/examples/header-text.ts";

const governedBy = (targeted: string, cacheControl = "max-age=7") =>
  governingDirectives(fieldsWith({ "cdn-cache-control": targeted, "cache-control": cacheControl }));

describe("governingDirectives", () => {
  it.each([
    ["valid", "§2.2", "max-age=60", "targeted"],
    ["unknown-member", "§3.1", "none", "targeted"],
    ["empty", "§2.1", "", "cache-control"],
    ["spaces", "§2.1", "   ", "cache-control"],
    ["not-parsed", "§2.1", "max-age=60, &&&&&", "cache-control"],
    ["trailing-comma", "§2.1", "max-age=60,", "cache-control"],
    ["empty-member", "§2.1", "a,,b", "cache-control"],
    ["capitals", "§2.1", "Max-Age=60", "cache-control"],
    ["space-before-equals", "§2.1", "max-age =60", "cache-control"],
    ["space-after-equals", "§2.1", "max-age= 60", "cache-control"],
    ["unclosed-string", "§2.1", 'private="a', "cache-control"],
    ["multi-byte", "§2.1", 'private="größe"', "cache-control"],
    ["fifteen-digits", "§2.1", "max-age=999999999999999", "targeted"],
    ["sixteen-digits", "§2.1", "max-age=9999999999999999", "cache-control"],
  ])(
    "reads CDN-Cache-Control if it is valid, or else Cache-Control: %s (%s)",
    (_id, _clause, text, source) => {
      expect(governedBy(text).source).toBe(source);
    },
  );

  it.each([
    ["before-cache-control", "max-age=60", {}, 60],
    ["after-cdn-cache-control", "max-age=60", { "cdn-cache-control": "max-age=30" }, 30],
    [
      "instead-of-an-invalid-cdn-cache-control",
      "max-age=60",
      { "cdn-cache-control": "max-age=30, &" },
      60,
    ],
    ["without-directives-of-caching", 'content="ESI/1.0"', {}, 7],
  ])(
    "reads Surrogate-Control as the second of the target list: %s (§2.1)",
    (_id, surrogate, more, seconds) => {
      const all = { "cache-control": "max-age=7", "surrogate-control": surrogate, ...more };
      expect(governingDirectives(fieldsWith(all)).directives.maxAgeSeconds).toBe(seconds);
    },
  );

  it.each([
    ["no-store", "no-store", { noStore: false, private: false }],
    ["private", "private", { private: true }],
    ["private-fields", "private=a", { private: ["a"] }],
    ["in-both", "private=a", { private: true }, "private"],
    ["unqualified-in-cache-control", "private", { private: true }, "private=a"],
    ["different-fields-in-both", "private=b", { private: ["a", "b"] }, "max-age=60, private=a"],
  ])(
    "also applies private of Cache-Control with Surrogate-Control: %s (Tidemark's rule)",
    (_id, cacheControl, says, own = "max-age=60") => {
      const fields = fieldsWith({ "cache-control": cacheControl, "surrogate-control": own });
      expect(governingDirectives(fields)).toMatchObject({ source: "targeted", directives: says });
    },
  );

  it("falls back to the directives of Cache-Control (§2.1)", () => {
    expect(governedBy("max-age=60, &").directives.maxAgeSeconds).toBe(7);
  });

  it("reads Cache-Control without a targeted field (§2.2)", () => {
    const governing = governingDirectives(fieldsWith({ "cache-control": "no-store" }));
    expect(governing).toMatchObject({ source: "cache-control", directives: { noStore: true } });
  });

  it.each(["other-cdn-cache-control", "other-cache-control", "cdn-cache-controls"])(
    "ignores %s, which is not on the target list (§2.2, §2.4)",
    (name) => {
      const fields = fieldsWith({ [name]: "no-store", "cache-control": "max-age=7" });
      const governing = governingDirectives(fields);
      expect(governing).toMatchObject({ source: "cache-control", directives: { noStore: false } });
      expect(governing.directives.maxAgeSeconds).toBe(7);
    },
  );

  it("returns no directives without either field", () => {
    expect(governingDirectives(fieldsWith({}))).toMatchObject({
      source: "cache-control",
      directives: { noStore: false },
    });
  });

  it.each([
    ["integer", "§2.1", "max-age=60", { maxAgeSeconds: 60 }],
    ["s-maxage", "§2.1", "s-maxage=5, max-age=60", { sMaxageSeconds: 5, maxAgeSeconds: 60 }],
    ["parameters-ignored", "§2.1", "max-age=60;x=1", { maxAgeSeconds: 60 }],
    ["large", "RFC 9111 §1.2.2", "max-age=99999999999", { maxAgeSeconds: 2_147_483_648 }],
    ["last-member-wins", "RFC 9651 §3.2", "max-age=1, max-age=9", { maxAgeSeconds: 9 }],
    ["string-as-a-number", "§2.1", 'max-age="60"', { maxAgeSeconds: 0 }],
    ["fraction-as-a-number", "§2.1", "max-age=60.5", { maxAgeSeconds: 0 }],
    ["decimal-as-a-number", "§2.1", "a, max-age=60.0;x, stale-if-error=60.0", { maxAgeSeconds: 0 }],
    ["public-with-a-value", "§2.1", "public=1", {}],
    ["must-understand-with-a-value", "§2.1", 'no-store, must-understand="x"', { noStore: true }],
    ["no-store-with-a-value", "§2.1", "no-store=1", { noStore: true }],
    ["negative", "§2.1", "max-age=-1", { maxAgeSeconds: 0 }],
    ["bare-max-age", "§2.1", "max-age", { maxAgeSeconds: 0 }],
    ["token-as-a-number", "§2.1", "s-maxage=a", { sMaxageSeconds: 0 }],
    ["list-as-a-number", "§2.1", "s-maxage=(1 2)", { sMaxageSeconds: 0 }],
    ["stale-string", "§2.1", 'stale-if-error="60"', {}],
    ["stale", "RFC 5861 §4", "stale-if-error=60", { staleIfErrorSeconds: 60 }],
    ["boolean", "§2.1", "no-store", { noStore: true }],
    ["true", "§2.1", "no-store=?1", { noStore: true }],
    ["false", "§2.1", "no-store=?0, private=?0", {}],
    ["private", "§2.1", "private", { private: true }],
    ["qualified", "§2.1", 'private="A, b"', { private: ["a", "b"] }],
    ["qualified-no-cache", "§2.1", 'no-cache="a"', { noCache: ["a"] }],
    ["private-of-unexpected-type", "§2.1", "private=(a b)", { private: true }],
    ["private-with-a-number", "§2.1", "private=1.5", { private: true }],
    ["must-revalidate", "§2.1", "must-revalidate", { mustRevalidate: true }],
    ["hides-cache-control", "§2.2", "public", { public: true }],
  ])("reads a targeted field as a Dictionary: %s (%s)", (_id, _clause, text, says) => {
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
  ])("reads %s as in Cache-Control (§2.2)", (text) => {
    const fields = fieldsWith({ "cache-control": text });
    expect(governedBy(text, "").directives).toEqual(responseDirectives(fields));
  });

  it.each([
    ["after-a-semicolon", "max-age=60;private", { private: true, maxAgeSeconds: 60 }],
    ["before-a-repetition", "max-age=9; private, max-age=60", { private: true, maxAgeSeconds: 60 }],
    ["as-a-value", "max-age=60;a=private;b=x.no-store", { private: false, noStore: false }],
    ["in-a-list", "max-age=60, a=(b;private)", { private: false, maxAgeSeconds: 60 }],
    ["false-after-a-semicolon", "max-age=60;private=?0", { private: false, maxAgeSeconds: 60 }],
    ["after-a-blank", "max-age=60 no-store", { noStore: true, maxAgeSeconds: 7 }],
    ["in-capitals", "Private, max-age=60", { private: true, maxAgeSeconds: 7 }],
    ["in-quotes", 'max-age=60;x="no-store"', { noStore: false, maxAgeSeconds: 60 }],
  ])("obeys private and no-store of a targeted field anywhere: %s (§2.1)", (_id, text, says) => {
    expect(governedBy(text).directives).toMatchObject(says);
  });

  it.each([{ "surrogate-control": "max-age=60" }, { "tidemark-cache-control": "max-age=60" }])(
    "obeys private of an invalid targeted field with another: %j (§2.1)",
    (others) => {
      const fields = fieldsWith({ "cdn-cache-control": "Private, max-age=9", ...others });
      const targets = ["CDN-Cache-Control", "Tidemark-Cache-Control"];
      const says = { private: true, maxAgeSeconds: 60 };
      expect(governingDirectives(fields, targets).directives).toMatchObject(says);
    },
  );

  it("never throws, and ignores other directives of an invalid targeted field", () => {
    fc.assert(
      fc.property(headerText, headerText, (targeted, text) => {
        const { directives, source } = governedBy(targeted, text);
        if (source === "targeted" || /no-store|private/i.test(targeted)) return;
        expect(directives).toEqual(
          governingDirectives(fieldsWith({ "cache-control": text })).directives,
        );
      }),
      seeded,
    );
  });
});
